import { describe, expect, it } from 'vitest'
import type { MailSeen } from '../components/worker/seen.ts'
import { MAIL_LIMITS } from '../../../crds/mailLimits.ts'
import { mailLimits } from '../components/parts/thresholds.ts'
import { apiOf, auditOf, mailOf, webhooksOf } from './workerWork.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const SINCE = '2026-11-23T11:59:00.123Z'
const WELL: MailSeen = {
  paused: false,
  deadLetters: false,
  inDoubt: false,
  refused: 'little',
  backlog: 'little',
}

const told = (work: object = {}, provider: object = {}) => ({
  provider: { state: 'open', ...provider },
  work: { uncertain: 0, deadLetters: 0, attempts: { made: 0, refused: 0 }, ...work },
})
const closed = (more: object = {}) =>
  told({}, { closed: { since: SINCE, seconds: 60, class: 'throttle', workers: 2, of: 2, ...more } })

describe('what a worker tells of mail', () => {
  it.each<{ evidence: object; mail: Partial<MailSeen> }>([
    { evidence: told(), mail: {} },
    { evidence: told({}, { state: 'paused' }), mail: { paused: true } },
    { evidence: told({ deadLetters: 3, uncertain: 1 }), mail: { deadLetters: true, inDoubt: true } },
    { evidence: told({ standstill: { since: SINCE, seconds: 900 } }), mail: {} },
    {
      evidence: told({ standstill: { since: SINCE, seconds: 901 } }),
      mail: { stuckSince: '2026-11-23T11:59:00Z' },
    },
    { evidence: told({ queueDepth: 10_001 }), mail: { backlog: 'much' } },
    { evidence: told({ queueDepth: 10_000 }), mail: { backlog: 'near' } },
    { evidence: told({ queueDepth: 8_000 }), mail: {} },
    {
      evidence: told({ attempts: { made: 19, refused: 19, mostRefused: 'account' } }),
      mail: { refused: 'near', mostRefused: 'account' },
    },
    { evidence: told({ attempts: { made: 19, refused: 0 } }), mail: {} },
    {
      evidence: told({ attempts: { made: 100, refused: 6, mostRefused: 'account' } }),
      mail: { refused: 'much', mostRefused: 'account' },
    },
    { evidence: told({ attempts: { made: 100, refused: 5 } }), mail: { refused: 'near' } },
    { evidence: told({ attempts: { made: 100, refused: 4, mostRefused: 'account' } }), mail: {} },
    {
      evidence: closed({ code: 'smtp_421' }),
      mail: {
        closed: {
          since: '2026-11-23T11:59:00Z',
          retryClass: 'throttle',
          code: 'smtp_421',
          ofAll: true,
          lasting: true,
        },
      },
    },
    {
      evidence: closed({ seconds: 9.9, workers: 1 }),
      mail: {
        closed: { since: '2026-11-23T11:59:00Z', retryClass: 'throttle', ofAll: false, lasting: false },
      },
    },
  ])('$evidence', ({ evidence, mail }) => {
    expect(mailOf(evidence, MAIL_LIMITS)).toEqual({ ...WELL, ...mail })
  })

  it('is nothing of a worker that tells no figures', () => {
    for (const evidence of [{}, [], null, 'x', { work: {} }, told({ uncertain: 'many' })])
      expect(mailOf(evidence, MAIL_LIMITS)).toBeUndefined()
  })

  it.each([
    { why: 'numbers that are none', work: { queueDepth: '1e9', attempts: { made: Infinity, refused: NaN } } },
    {
      why: 'numbers below nothing, and beyond counting',
      work: { queueDepth: -1, attempts: { made: 1e300 } },
    },
    { why: 'numbers without end', work: { queueDepth: Infinity } },
    { why: 'numbers that nobody counts to', work: { queueDepth: 1e300 } },
    { why: 'an instant in words', work: { standstill: { since: '23 Nov 2026', seconds: 5_000 } } },
    { why: 'an instant that is none', work: { standstill: { since: 'yesterday', seconds: 5_000 } } },
    {
      why: 'one that no calendar has',
      work: { standstill: { since: '2026-13-45T99:00:00Z', seconds: 5_000 } },
    },
  ])('is as if it were not told: $why', ({ work }) => {
    expect(mailOf(told(work), MAIL_LIMITS)).toEqual(WELL)
  })

  it('is the same while mail flows, however much of it', () => {
    const some = told({
      queueDepth: 3,
      attempts: { made: 100, refused: 1 },
      standstill: { since: SINCE, seconds: 4 },
    })
    const more = told({
      batches: { running: 9 },
      recipients: { pending: 1_000_000 },
      queueDepth: 900,
      attempts: { made: 90_000, refused: 700, mostRefused: 'recipient' },
      standstill: { since: NOW.toISOString(), seconds: 60 },
    })
    expect(mailOf(more, MAIL_LIMITS)).toEqual(mailOf(some, MAIL_LIMITS))
    const lasting = (seconds: number) =>
      mailOf(closed({ seconds, workers: seconds % 3 ? 2 : 3 }), MAIL_LIMITS)
    expect(lasting(4_000)).toEqual(lasting(40))
  })

  it('repeats no words that are no names', () => {
    for (const one of [{ class: 'a b' }, { class: 'x'.repeat(65) }, { since: '<b>' }])
      expect(mailOf(closed(one), MAIL_LIMITS)).toEqual(WELL)
    expect(mailOf(closed({ code: 'kubectl delete; rm' }), MAIL_LIMITS)?.closed).not.toHaveProperty('code')
  })
})

it('tells since when entries of the audit log wait, when they do for long', () => {
  const lag = (audit: object) => auditOf({ outboxLag: { audit } })
  expect(auditOf({ outboxLag: {} })).toBeUndefined()
  expect(lag({ rows: 0, oldestSeconds: 0 })).toEqual({})
  expect(lag({ rows: 1, oldestSeconds: 300, since: SINCE })).toEqual({})
  expect(lag({ rows: 1, oldestSeconds: 301, since: SINCE })).toEqual({ since: '2026-11-23T11:59:00Z' })
  expect(lag({ rows: 1, oldestSeconds: 301 })).toBeUndefined()
  expect(lag({ rows: 1, oldestSeconds: 301, since: 'yesterday' })).toBeUndefined()
})

it('tells what becomes of webhooks', () => {
  const inbox = { rows: 0, oldestSeconds: 0 }
  const of = (more: object) => webhooksOf({ webhooks: { forgery: 'forged', inbox, ...more } }, NOW)
  const well = { forgery: 'forged', verified: false, forged: false, inbox: {} }
  expect(webhooksOf({}, NOW)).toBeUndefined()
  expect(of({ forgery: 'maybe' })).toBeUndefined()
  expect(of({})).toEqual(well)
  expect(of({ verifiedAt: SINCE, forgedAt: SINCE })).toEqual({ ...well, verified: true, forged: true })
  expect(of({ forgedAt: '2026-11-23T10:59:00Z' })).toEqual(well)
  expect(of({ inbox: { ...inbox, oldestSeconds: 400, since: SINCE } })).toEqual({
    ...well,
    inbox: { since: '2026-11-23T11:59:00Z' },
  })
})

it('tells how many answers were late or failed, of enough of them', () => {
  const api = (answered: unknown, slow: unknown = 0, failed: unknown = 0) =>
    apiOf({ api: { answered, slow, failed } })
  expect(apiOf({})).toBeUndefined()
  expect(api('many')).toBeUndefined()
  expect(api(0)).toEqual({ slow: 'little', failed: 'little' })
  expect(api(100, 6, 5)).toEqual({ slow: 'much', failed: 'near' })
  expect(api(19, 19, NaN)).toEqual({ slow: 'near', failed: 'little' })
})

it('takes the limits of the spec', () => {
  const limits = mailLimits({
    monitoring: { rules: { thresholds: { stuckBatchAge: '1m', errorRatePercent: 50, backlog: 5 } } },
  })
  const one = told({
    standstill: { since: SINCE, seconds: 61 },
    queueDepth: 6,
    attempts: { made: 100, refused: 20 },
  })
  expect(mailOf(one, limits)).toMatchObject({
    stuckSince: '2026-11-23T11:59:00Z',
    backlog: 'much',
    refused: 'little',
  })
})
