/**
 * What the runbooks have people type, typed in a cluster whose mail provider is away: every diagnosis gives an answer, and
 * what is asked for to mend a stuck batch or a certificate does so.
 */
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCommands } from '../cluster/packages.ts'
import { run } from '../cluster/shell.ts'
import { createBatch, readBatch, recipientsOf } from '../demo/mail.ts'
import { runbooks, sectionsOf } from '../docs/runbooks.ts'
import { freePort } from '../servers/ports.ts'
import { Environment, NAME } from './environment.ts'
import { eventually } from './eventually.ts'

const NAMESPACE = 'e2e-runbooks'
/** Lines that cannot be answered here, and why. */
const NOT_HERE: readonly (readonly [RegExp, string])[] = [
  [/^kubectl .* top /, 'no metrics-server runs in the local cluster'],
  [/^kubectl .* --previous /, 'nothing has crashed'],
  [/^ *nats /, 'the program is not installed'],
  [/cronjob\/\$NAME-backup-verify"$/, 'no backups are made here'],
  [/grep '\^batchsender_attempts_total'$/, 'another worker may have made all attempts so far'],
  [/status="5'$/, 'no request failed'],
  [/"level":\(40\|50\|60\)/, 'the operator may have had nothing to complain of'],
]
const ASK_THIS_WORKER =
  'curl --fail-with-body -sS -o /dev/null "$API_URL/v1/batches?limit=1" -H "Authorization: Bearer $API_TOKEN"'

let here: Environment
let home: string
let batch: string
let examples: Readonly<Record<string, string>>

beforeAll(async () => {
  await ensureCommands('the runbooks', { psql: 'postgresql-client', curl: 'curl', openssl: 'openssl' })
  here = await Environment.start(NAMESPACE)
  home = await mkdtemp(join(tmpdir(), 'batchsender-runbooks-'))
  await symlink(here.cluster.kubectl, join(home, 'kubectl'))
  const endpoints = await here.endpoints()
  await here.kubectl('scale', 'deployment/smtp-sink', '--replicas=0')
  const { id } = await createBatch(endpoints, recipientsOf(20, 'runbooks'))
  batch = id
  const [api, internal, postgres, operator] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  examples = {
    'NAMESPACE=demo': `NAMESPACE=${NAMESPACE}`,
    '8080:80 8081:8081': `${api}:80 ${internal}:8081`,
    'http://127.0.0.1:8080 ': `http://127.0.0.1:${api} `,
    'http://127.0.0.1:8081': `http://127.0.0.1:${internal}`,
    '15432': String(postgres),
    '18080': String(operator),
    '-n demo': `-n ${NAMESPACE}`,
    '11111111-1111-4111-8111-111111111111': batch,
  }
})
afterAll(async () => {
  await here.stop()
  await rm(home, { recursive: true, force: true })
})

/** As somebody at a terminal does it: the variables first, then one block after the other. */
function typed(blocks: readonly string[]): Promise<string> {
  const text = Object.entries(examples).reduce(
    (all, [example, own]) => all.replaceAll(example, own),
    blocks.join('\n'),
  )
  const lines = text.replaceAll(/\\\n\s*/g, ' ').split('\n')
  const possible = lines.filter((line) => !NOT_HERE.some(([pattern]) => pattern.test(line)))
  const script = [
    "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT",
    // What is reached through a forward is there after a moment.
    'until_there() { for port in "$@"; do until (: </dev/tcp/127.0.0.1/$port) 2>/dev/null; do sleep 0.2; done; done; }',
    ...possible.flatMap((line) => {
      const ports = [...line.matchAll(/\b(\d+):\d+\b/g)].map(([, port]) => port)
      if (line.endsWith('&') && ports.length > 0) return [line, `until_there ${ports.join(' ')}`]
      // Counts no requests before its first one, and another worker may have answered all that there were.
      return line.startsWith('export API_TOKEN=') ? [line, ASK_THIS_WORKER] : [line]
    }),
  ].join('\n')
  return run('bash', ['-eu', '-c', script], {
    cwd: home,
    env: {
      ...process.env,
      KUBECONFIG: here.cluster.kubeconfig,
      PATH: `${home}:${process.env['PATH'] ?? ''}`,
    },
    timeout: 300_000,
  })
}

const books = runbooks().map((book) => [book.page, sectionsOf(book)] as const)

describe('the diagnosis of', () => {
  it.each(books)('%s gives an answer', async (_, { setup, Diagnosis }) => {
    expect((await typed([...setup, ...Diagnosis])).trim()).not.toBe('')
  })

  it('stuck-batches names the provider', async () => {
    const [, { setup, Diagnosis }] = books.find(([page]) => page === 'stuck-batches') ?? expect.fail()
    const told = await eventually('the provider is told of', async () => {
      const answer = await typed([...setup, ...Diagnosis])
      return answer.includes('unreachable') ? answer : undefined
    })
    expect(told).toContain(batch)
  })
})

describe('the resolution of', () => {
  const resolution = (page: string) => {
    const [, { setup, Resolution }] = books.find(([own]) => own === page) ?? expect.fail()
    return [...setup, ...Resolution]
  }

  it('certificate-expiring makes another certificate, and nobody restarts', async () => {
    const serial = async () => (await here.secret(`${NAME}-nats-server`, 'tls.crt')).trim()
    const before = await serial()
    await typed(resolution('certificate-expiring'))
    await eventually('another certificate', async () => {
      const now = await serial()
      return now !== '' && now !== before ? true : undefined
    })
  })

  it('stuck-batches leaves the batch where it goes on by itself once the provider is back', async () => {
    await typed(resolution('stuck-batches'))
    await here.kubectl('scale', 'deployment/smtp-sink', '--replicas=1')
    let last: unknown
    await eventually(
      'the batch is sent',
      async () => {
        const seen = await readBatch(await here.endpoints(), batch).catch((error: unknown) => String(error))
        last = seen
        return typeof seen !== 'string' && seen.state === 'completed' ? seen : undefined
      },
      240_000,
      500,
    ).catch(async (error: unknown) => {
      const pods = await here.kubectl('get', 'pods', '-o', 'wide')
      throw new Error(`${String(error)}\n${JSON.stringify(last)}\n${pods}`, { cause: error })
    })
  })
})
