/** Every alert has a runbook, every runbook an alert, and its commands are commands. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { alertGroups } from '../../operator/src/components/monitoring/alerts/index.ts'
import { thresholdsOf } from '../../operator/src/components/parts/thresholds.ts'
import { RELEASE } from '../../crds/release.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { callsIn, kubectlIn, runbooks, sectionsOf, statementsIn } from './runbooks.ts'
import { RESOLUTIONS_NOT_RUN } from './unfollowed.ts'

const base = `${RELEASE.docsUrl}/runbooks`
const rules = alertGroups({ thresholds: thresholdsOf(), runbookBaseUrl: base }).flatMap(
  (group) => group.rules,
)
const books = runbooks()
const pages = [...new Set(rules.map(({ annotations }) => annotations.runbook_url.slice(base.length + 1)))]
const all = books.map((book) => [book.page, book] as const)

/** What kubectl can do, and to what, as far as runbooks use it. */
const VERBS = new Set(
  'annotate apply auth create delete describe edit exec get logs patch port-forward rollout top wait'.split(
    ' ',
  ),
)
const KINDS = new Set(
  'bs batchsender cronjob cronjobs deployment deployments events job jobs lease networkpolicy pod pods secret service statefulset statefulsets'.split(
    ' ',
  ),
)
/** Options that a word of their own follows. */
const WITH_VALUE = new Set(['-n', '-l', '-o', '-p', '-c', '--field-selector', '--as'])
const WITHOUT_KIND = new Set(['apply', 'auth'])

it('there is a runbook for every alert, and no other', () => {
  expect(books.map(({ page }) => page).sort()).toEqual(pages.sort())
})

describe.each(all)('the runbook %s', (page, { file, text, blocks }) => {
  it('is of its alert, and tells what is seen, why, what to do and how to be spared it', () => {
    const names = rules.filter(({ annotations }) => annotations.runbook_url === `${base}/${page}`)
    expect(text.split('\n')[0]).toBe(`# ${names[0]?.alert ?? ''}`)
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(['Symptoms', 'Diagnosis', 'Resolution', 'Prevention'])
  })

  it('has commands that a shell understands', () => {
    expect(blocks.length).toBeGreaterThan(1)
    for (const block of blocks) {
      expect(block.language).toBe('sh')
      execFileSync('sh', ['-n'], { input: block.text })
      // What dash reads and refuses only when it comes there.
      expect(block.text).not.toMatch(/\$\{\w+\/|\[\[ |<<<|\bfunction /)
    }
  })

  it('leaves no key on the disk and no password in a list of processes', () => {
    for (const { text: commands } of blocks) {
      expect(commands).not.toMatch(/>\s*"?\/tmp\b/)
      expect(commands).not.toMatch(/kubectl .*(stringData|--from-literal|[Pp]assword)/)
      if (!/\bmktemp\b/.test(commands)) continue
      expect(commands).toMatch(/umask 077[\s\S]*mktemp -d[\s\S]*trap 'rm -r "\$\w+"' EXIT/)
    }
  })

  it('uses no variable that it does not set', () => {
    const commands = blocks.map((block) => block.text).join('\n')
    // Not those that a program reads between single quotes, and not those of positions.
    const used = [...commands.matchAll(/\$\{?([A-Z_]+|[a-z]+)\b/g)].map(([, name = '']) => name)
    const set = [...commands.matchAll(/(?:\bexport |\bfor |\s)([A-Z_]+|[a-z]+)(?:=| in )/g)].map(
      ([, name]) => name,
    )
    expect([...new Set(used)].filter((name) => !set.includes(name))).toEqual([])
  })

  it('asks kubectl for what there is', () => {
    for (const words of blocks.flatMap(kubectlIn)) {
      const plain = words.filter(
        (word, index) => !word.startsWith('-') && !WITH_VALUE.has(words[index - 1] ?? ''),
      )
      const [verb = '', ...rest] = plain
      expect([words.join(' '), VERBS.has(verb)]).toEqual([words.join(' '), true])
      if (WITHOUT_KIND.has(verb)) continue
      const thing = verb === 'rollout' ? rest[1] : rest[0]
      if (thing === undefined && verb === 'logs') continue
      const kinds = (thing ?? '').replaceAll('"', '').split('/')[0]?.split(',') ?? []
      expect([words.join(' '), kinds.filter((kind) => !KINDS.has(kind))]).toEqual([words.join(' '), []])
    }
  })

  it('leads nowhere but to what is there', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => path)
    const folder = join(repositoryDir, dirname(file))
    expect(links.filter((path) => !existsSync(join(folder, path)))).toEqual([])
  })
})

describe('what a resolution has people type', () => {
  const typed = new Set(
    [
      ...readFileSync(join(repositoryDir, 'hack/e2e/runbooks.test.ts'), 'utf8').matchAll(
        /await typed\(resolution\('([a-z-]+)'\)\)/g,
      ),
    ].map(([, page = '']) => page),
  )
  const resolutions = books.flatMap((book) =>
    sectionsOf(book).Resolution.map((text) => ({ page: book.page, text })),
  )
  const isOf = (reason: string, { page, text }: (typeof resolutions)[number]) => {
    const [ofPage, piece = ''] = reason.split(/: (.*)/)
    return page === ofPage && text.includes(piece)
  }
  const reasons = Object.keys(RESOLUTIONS_NOT_RUN)

  it('is typed by a test, or it is said why not', () => {
    const wrong = resolutions.filter(
      (block) => reasons.filter((reason) => isOf(reason, block)).length !== (typed.has(block.page) ? 0 : 1),
    )
    expect(wrong).toEqual([])
    expect([...typed].filter((page) => !resolutions.some((block) => block.page === page))).toEqual([])
    expect(typed.size).toBeGreaterThan(0)
  })

  it('is what the reasons speak of, each of one block', () => {
    const of = (reason: string) => resolutions.filter((block) => isOf(reason, block)).length
    expect(reasons.filter((reason) => of(reason) !== 1)).toEqual([])
  })
})

describe('what is found in a block', () => {
  const block = (text: string) => ({ file: 'x.md', line: 1, language: 'sh', text })

  it('are statements, requests and commands', () => {
    const text = `psql "$DATABASE_URL" -v pid="$PID" <<'SQL'
SELECT a::text, :pid;
DELETE FROM b;
SQL
curl -s "$API_URL/v1/batches/$BATCH/pause?x=1" \\
  -X POST -H 'a: b'
curl "$WORKER_URL/metrics" | grep x
token=$(kubectl -n a get secret b | base64 -d)
`
    expect(statementsIn(block(text))).toEqual(['SELECT a::text, 1', 'DELETE FROM b'])
    expect(callsIn(block(text))).toEqual([
      { method: 'POST', path: '/v1/batches/{}/pause', internal: false },
      { method: 'GET', path: '/metrics', internal: true },
    ])
    expect(kubectlIn(block(text))).toEqual([['-n', 'a', 'get', 'secret', 'b']])
  })
})
