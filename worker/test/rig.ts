/** Everything around a worker, real: PostgreSQL, NATS with its stream, the SMTP sink; and workers as processes. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { MemoryLimit } from '../../hack/servers/memoryLimit.ts'
import type { NatsServer } from '../../hack/servers/nats.ts'
import type { PostgresServer } from '../../hack/servers/postgres.ts'
import type { SmtpSinkServer } from '../../hack/servers/smtpSink.ts'
import type { WorkerSettingsInput } from '../../crds/workerSettings.ts'
import type { RecipientCounts } from '../src/domain/recipientState.ts'
import { run } from '../../hack/cluster/shell.ts'
import { ChildServer } from '../../hack/servers/childServer.ts'
import { freePort } from '../../hack/servers/ports.ts'
import { startNats } from '../../hack/servers/nats.ts'
import { startPostgres } from '../../hack/servers/postgres.ts'
import { startSmtpSink } from '../../hack/servers/smtpSink.ts'
import { workQueueNames } from '../../crds/workQueue.ts'
import { renderWorkerSettings } from '../../crds/workerSettings.ts'
import { createStream } from './stream.ts'
import { until } from './until.ts'

export const TOKEN = 'a-token-of-the-tests'
export const NAMES = workQueueNames('tests', 'rig')

export interface BatchView {
  readonly id: string
  readonly state: string
  readonly recipients: number
  readonly duplicates: number
  readonly counts: RecipientCounts
}

export interface WorkerProcess {
  readonly api: string
  readonly internal: string
  /** `POST /v1/batches/{id}/{name}` */
  command(id: string, name: string, body?: object): Promise<Response>
  post(body: unknown, headers?: Record<string, string>): Promise<Response>
  get(path: string): Promise<Response>
  /** Accepts a batch of `count` recipients and gives its id. */
  accept(count: number, prefix?: string): Promise<string>
  batch(id: string): Promise<BatchView>
  pid(): number
  readonly log: () => string
  kill(): Promise<void>
  /** SIGTERM; @returns whether it ended by itself with code 0. */
  terminate(): Promise<boolean>
  start(): Promise<void>
}

export interface Rig {
  readonly postgres: PostgresServer
  readonly nats: NatsServer
  readonly sink: SmtpSinkServer
  readonly tokensDir: string
  /** @param within what the process may use, at every start */
  worker(
    settings?: Partial<WorkerSettingsInput>,
    tuning?: Record<string, string>,
    within?: MemoryLimit,
  ): Promise<WorkerProcess>
  migrate(...args: string[]): Promise<string>
  /** The program of the workers and migrations that follow. */
  use(main: string): void
  createStream(): Promise<void>
  sql<Row extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>
  stop(): Promise<void>
}

/** Short leases, so that what a crash leaves behind is judged soon, and little patience with workers that a test killed. */
const TUNING = { LEASE_MS: '2000', SWEEP_EVERY_MS: '300', WITNESS_MS: '6000' }
const MAIN = join(import.meta.dirname, '../src/main.ts')

export interface RigOptions {
  readonly nats?: NatsServer
  readonly sink?: SmtpSinkServer
  readonly natsTlsDir?: string
  readonly migrated?: boolean
  readonly postgresSettings?: readonly string[]
  /** The worker's program; the sources when left out. */
  readonly main?: string | undefined
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const [postgres, nats, sink] = await Promise.all([
    startPostgres(options.postgresSettings && { settings: options.postgresSettings }),
    options.nats ?? startNats(),
    options.sink ?? startSmtpSink(),
  ])
  let { main = MAIN } = options
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-rig-'))
  const tokensDir = join(dir, 'tokens')
  await mkdir(tokensDir)
  await writeFile(join(tokensDir, 'tester'), `sha256:${createHash('sha256').update(TOKEN).digest('hex')}`)
  const workers: ChildServer[] = []

  const environment = (settings: Partial<WorkerSettingsInput>, tuning: Record<string, string>) => ({
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    ...TUNING,
    ...tuning,
    ...renderWorkerSettings({
      workerName: 'rig-worker',
      logLevel: 'info',
      apiTokensDir: tokensDir,
      rateLimitPerIp: 10_000,
      postgresUrl: postgres.url,
      natsServers: [nats.url],
      natsStream: NAMES.stream,
      natsSubject: NAMES.subject,
      natsConsumer: NAMES.consumer,
      ...(options.natsTlsDir !== undefined && { natsTlsDir: options.natsTlsDir }),
      provider: 'smtp',
      smtpHost: '127.0.0.1',
      smtpPort: sink.smtpPort,
      smtpTls: 'Disabled',
      ...settings,
    }),
  })

  const rig: Rig = {
    postgres,
    nats,
    sink,
    tokensDir,
    worker: async (settings = {}, tuning = {}, within) => {
      const [httpPort, internalPort] = [await freePort(), await freePort()]
      const server = new ChildServer({
        program: process.execPath,
        args: [main, 'serve'],
        ...within?.command(process.execPath, [main, 'serve']),
        env: environment({ httpPort, internalPort, ...settings }, { ...within?.env, ...tuning }),
        port: httpPort,
      })
      workers.push(server)
      await server.start()
      return workerProcess(server, `http://127.0.0.1:${httpPort}`, `http://127.0.0.1:${internalPort}`)
    },
    migrate: (...args) => run(process.execPath, [main, 'migrate', ...args], { env: environment({}, {}) }),
    use: (program) => {
      main = program
    },
    createStream: () => createStream(nats, NAMES, options.natsTlsDir),
    sql: async (text, values) => {
      const client = new Client({ connectionString: postgres.url })
      await client.connect()
      try {
        const { rows } = await client.query(text, values)
        return rows as never
      } finally {
        await client.end()
      }
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.kill()))
      await Promise.all([postgres.stop(), nats.stop(), sink.stop()])
      await rm(dir, { recursive: true, force: true })
    },
  }
  try {
    if (options.migrated !== false) await rig.migrate()
    await rig.createStream()
    return rig
  } catch (error) {
    await rig.stop()
    throw error
  }
}

function workerProcess(server: ChildServer, api: string, internal: string): WorkerProcess {
  const authorized = { authorization: `Bearer ${TOKEN}` }
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${api}/v1/batches`, {
      method: 'POST',
      headers: {
        ...authorized,
        'content-type': 'application/json',
        'idempotency-key': crypto.randomUUID(),
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const get = (path: string) => fetch(`${api}${path}`, { headers: authorized })
  return {
    api,
    internal,
    command: (id, name, body) =>
      fetch(`${api}/v1/batches/${id}/${name}`, {
        method: 'POST',
        headers: { ...authorized, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      }),
    post,
    get,
    accept: async (count, prefix = 'r') => {
      const again = { 'idempotency-key': crypto.randomUUID() }
      // A busy machine is told so for a moment, and asks again, as every client should.
      const answer = await until(
        async () => {
          const response = await post(batchOf(count, prefix), again)
          return { status: response.status, text: await response.text() }
        },
        ({ status }) => status !== 503,
      )
      if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`)
      return (JSON.parse(answer.text) as BatchView).id
    },
    batch: async (id) => (await (await get(`/v1/batches/${id}`)).json()) as BatchView,
    pid: () => server.pid ?? 0,
    log: () => server.log,
    kill: () => server.kill(),
    terminate: () => server.terminate(),
    start: async () => {
      await server.start()
    },
  }
}

export const batchOf = (count: number, prefix = 'r') => ({
  from: 'Sender <sender@example.org>',
  subject: 'Hello {{name}}',
  html: '<p>Hello {{name}}</p>',
  recipients: Array.from({ length: count }, (_, index) => ({
    address: `${prefix}${index}@example.org`,
    variables: { name: `N${index}` },
  })),
})

/** A wake-up that was on its way to the dead is given to another after the consumer's `ack_wait` of 60 s. */
export const AFTER_A_KILL_MS = 240_000

export const isFinished = ({ state }: BatchView): boolean =>
  state.startsWith('completed') || state === 'failed'

/** Who was mailed, and how often more than once. */
export async function atTheSink(sink: SmtpSinkServer, after = 0) {
  const messages = await sink.messages(after)
  const distinct = new Set(messages.map(({ recipient }) => recipient))
  return { messages, distinct, duplicates: messages.length - distinct.size }
}
