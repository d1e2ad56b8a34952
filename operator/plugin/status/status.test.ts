import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BatchSenderSpec } from '../../../crds/schema/batchsender.ts'
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import { CHECKS, type CheckName } from '../../../crds/schema/checks.ts'
import { CONDITION_TYPES, CONDITIONS, stalls } from '../../../crds/schema/conditions.ts'
import { SUMMARY_REASONS } from '../../../crds/schema/summaryConditions.ts'
import { htmlOf } from '../report/html.ts'
import { markdownOf } from '../report/markdown.ts'
import { paintWith } from '../text/paint.ts'
import { adviceOn, SUMMARY_ADVICE } from './advice.ts'
import { NOTHING, type Advice, type Advised } from './adviceWords.ts'
import { CHECK_ADVICE } from './checkAdvice.ts'
import { CONDITION_ADVICE } from './conditionAdvice.ts'
import { figuresOf } from './figures.ts'
import { pictureOf } from './picture.ts'
import { overviewText, statusText } from './text.ts'

const DOCS = join(import.meta.dirname, '../../../docs')
const AT = '2026-11-23T12:00:00Z'

const advices: readonly Advice[] = [
  ...Object.values(CONDITION_ADVICE).flatMap((reasons) => Object.values<Advised>(reasons)),
  ...Object.values(SUMMARY_ADVICE),
  ...Object.values(CHECK_ADVICE).flatMap((states) => Object.values(states)),
].filter((advice) => advice !== NOTHING)

const slug = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replaceAll(' ', '-')

const seen = (status: BatchSenderStatus, name = 'orders') => ({
  ...{ name, namespace: 'mail', generation: 1, status },
  spec: {} as BatchSenderSpec,
  raw: { apiVersion: 'batchsender.io/v1alpha1', kind: 'BatchSender', metadata: { name } },
})

/** Everything that can be wrong at once, which never is. */
const WORST: BatchSenderStatus = {
  observedGeneration: 1,
  operator: 'batchsender-system',
  summary: { checks: '0/11', workers: '0/2' },
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      reason: 'Waiting',
      message: 'w '.repeat(120),
      observedGeneration: 1,
      lastTransitionTime: AT,
    },
    ...CONDITION_TYPES.flatMap((type) =>
      Object.keys(CONDITIONS[type].reasons).map((reason) => ({
        ...{ type, reason, status: 'False' as const, observedGeneration: 1, lastTransitionTime: AT },
        message: 'the certificate of the node orders-nats-0 is not the one that was issued, as it should be',
      })),
    ),
  ],
  checks: Object.keys(CHECKS).flatMap((name) =>
    (['Failing', 'Unknown', 'NotConfigured', 'Proven', 'Waived'] as const).map((state) => ({
      ...{ name, state, since: AT },
      message: 'rows of 12 partitions were compared with the backup of that night and one of them differs',
    })),
  ),
  evidence: {
    natsTls: { serverSerial: 'ab'.repeat(16), nodes: [{ name: 'orders-nats-0', servedSerial: 'cd' }] },
    backup: {
      last: {
        ...{ name: 'b', kind: 'full', cutoff: AT, completedAt: AT, hash: 'h', partitions: 3 },
        ...{ sizeBytes: 5_368_709_120, rows: 1_234_567 },
      },
    },
  },
}

describe('advice', () => {
  it.each(advices.flatMap(({ page }) => (page === undefined ? [] : [page])))(
    'leads to %s, which is there',
    (page) => {
      const [file = '', anchor] = page.split('#')
      expect(existsSync(join(DOCS, file))).toBe(true)
      const titles = readFileSync(join(DOCS, file), 'utf8').match(/^#+ .*$/gm) ?? []
      if (anchor !== undefined)
        expect(titles.map((title) => slug(title.replace(/^#+ /, '')))).toContain(anchor)
    },
  )

  it('says what to do, in one sentence or two', () => {
    for (const { next } of advices) expect(next).toMatch(/^[A-Z].*[.]$/)
  })

  it('is there for whatever stalls', () => {
    for (const type of CONDITION_TYPES)
      for (const reason of Object.keys(CONDITIONS[type].reasons).filter((one) => stalls(type, one)))
        expect(adviceOn({ type, reason })).toBeDefined()
  })

  it('is of the condition itself, of its summary, or of nobody', () => {
    expect(adviceOn({ type: 'NatsReady', reason: 'KeyLost' })?.page).toBe(
      'encryption.md#when-the-key-is-gone',
    )
    expect(adviceOn({ type: 'Ready', reason: 'KeyLost' })).toBeUndefined()
    expect(adviceOn({ type: 'NatsReady', reason: 'Available' })).toBeUndefined()
    expect(adviceOn({ type: 'OfTomorrow', reason: 'Whatever' })).toBeUndefined()
    expect(Object.keys(SUMMARY_ADVICE).sort()).toEqual(Object.keys(SUMMARY_REASONS).sort())
  })
})

describe('the status as text', () => {
  const text = statusText(pictureOf(seen(WORST)), 80, paintWith(false))

  it('fits 80 columns, but for what must be copied as one', () => {
    const long = text.split('\n').filter((line) => line.length > 80)
    expect(long.filter((line) => line.trim().includes(' '))).toEqual([])
  })

  it('says for each that is not well what to do, by the name of the object', () => {
    expect(text).toContain('→ Put the right credentials into the Secret and keys that the message names.')
    expect(text).toContain('kubectl batchsender backup orders --wait')
    expect(text).not.toMatch(/\bNAME\b|\bNAMESPACE\b/)
    for (const name of Object.keys(CHECKS) as CheckName[])
      expect(text).toContain(`✗ ${name} Failing since ${AT}`)
  })

  it('shows figures with their units', () => {
    expect(text).toMatch(/backup\.last\.sizeBytes +5\.0 GiB/)
    expect(text).toMatch(/natsTls\.nodes\[orders-nats-0\]\.servedSerial +cd/)
  })

  it('has colours only when it is told', () => {
    expect(text).not.toContain('\u001b')
    expect(statusText(pictureOf(seen(WORST)), 80, paintWith(true))).toContain('\u001b[31mFalse')
  })

  it('of one that nobody looked at says so', () => {
    const nobody = pictureOf(seen({ observedGeneration: -1 }))
    expect(nobody.ready).toBe('not judged yet')
    expect(statusText(nobody, 80, paintWith(false))).toContain('no operator has looked at it yet')
  })

  it('of many has a line for each', () => {
    const lines = overviewText([pictureOf(seen(WORST)), pictureOf(seen(WORST, 'b'))], 80, true).split('\n')
    expect(lines[0]).toMatch(/^NAMESPACE +NAME +READY +CHECKS +WORKERS +STATUS$/)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  it('does not let what others wrote steer the terminal', () => {
    const message = 'gone\u001b[2J\u0007 postgres://u:canary@db/x'
    const hostile = {
      ...WORST,
      conditions: [
        {
          type: 'Ready',
          status: 'False' as const,
          reason: 'Waiting',
          message,
          observedGeneration: 1,
          lastTransitionTime: AT,
        },
      ],
    }
    const shown = statusText(pictureOf(seen(hostile)), 80, paintWith(false))
    expect(shown).not.toContain('\u001b')
    expect(shown).not.toContain('canary')
  })
})

describe('a report', () => {
  const hostile =
    '</td><script>alert(1)</script><img src=x onerror=alert(1)> "\'` | [x](javascript:alert(1)) # *y* ann@example.org'
  const status: BatchSenderStatus = {
    ...WORST,
    checks: [{ name: 'gateway', state: 'Failing', message: hostile, since: AT }],
    conditions: [
      {
        type: hostile,
        status: 'False',
        reason: 'X',
        message: hostile,
        observedGeneration: 1,
        lastTransitionTime: AT,
      },
    ],
  }
  const report = {
    ...{
      picture: pictureOf(seen(status, 'a<b')),
      at: AT,
      server: 'https://k8s',
      version: '9.8.7',
      images: [hostile],
    },
    waivers: [{ check: 'monitoring', reason: hostile }],
  }

  it('as HTML holds no element and no attribute of anybody else, and loads nothing', () => {
    const html = htmlOf(report)
    expect(html).not.toMatch(/<(script|img|a|link|iframe|svg)\b/i)
    expect(html.match(/<[a-z][^>]*\s(on\w+|src|href|style)=/gi)).toBeNull()
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(html).toContain("default-src 'none'")
    expect(html).not.toContain('ann@')
  })

  it('as Markdown keeps every cell in its row', () => {
    const lines = markdownOf(report).split('\n')
    const rows = lines.filter((line) => line.includes('gateway') && line.startsWith('|'))
    expect(rows).toHaveLength(1)
    expect(rows[0]?.match(/(?<!\\)\|/g)).toHaveLength(6)
    const text = lines.join('\n')
    expect(text).not.toMatch(/<script|(?<!\\)\[x(?<!\\)\]|ann@/)
  })

  it('has waivers with their reasons, evidence and what to do', () => {
    const text = markdownOf({
      ...report,
      picture: pictureOf(seen(WORST)),
      waivers: [{ check: 'monitoring', reason: 'we have our own' }],
    })
    expect(text).toContain('| monitoring | we have our own |')
    expect(text).toContain('| backup.last.rows | 1,234,567 |')
    expect(text).toContain(
      '- restore-verified: Restore and compare now: kubectl batchsender verify orders --wait.',
    )
  })
})

it('figures leave out what is for the memory of the operator', () => {
  expect(
    figuresOf({ tables: [{ name: 't' }], shared: [{ what: 'postgres', with: ['mail/a', 'mail/b'] }] }),
  ).toEqual([{ path: 'shared[postgres].with', value: 'mail/a, mail/b' }])
})
