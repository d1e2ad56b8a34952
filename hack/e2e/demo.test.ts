/** `make run` as somebody runs it, and what it leaves behind for a shell. */
import { access, readFile, rm } from 'node:fs/promises'
import { connect as open } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'
import { procedure } from '../docs/procedures.ts'
import { eventually } from './eventually.ts'

const MAILS = 1_000
const NAMES = [
  'KUBECONFIG',
  'KUBECTL',
  'BATCHSENDER_NAMESPACE',
  'BATCHSENDER_NAME',
  'API_URL',
  'API_TOKEN',
  'SINK_URL',
  'S3_URL',
  'CLICKHOUSE_URL',
  'POSTGRES_URL',
  'NATS_URL',
  'NATS_SERVER_NAME',
  'NATS_CA',
  'NATS_CERT',
  'NATS_KEY',
] as const

interface Arrival {
  readonly seq: number
  readonly recipient: string
}

/** Somebody's own demo is left running. */
let wasThere: boolean
let told: string
let env: Record<(typeof NAMES)[number], string>

const demo = () => run(process.execPath, [join(repositoryDir, 'hack/demo/main.ts'), 'up'])

/** As a shell reads it. */
async function environment(): Promise<typeof env> {
  const script = `source .run/env; ${NAMES.map((name) => `printf '%s\\0' "$${name}"`).join('; ')}`
  const values = (await run('bash', ['-euc', script], { cwd: repositoryDir })).split('\0')
  return Object.fromEntries(NAMES.map((name, index) => [name, values[index] ?? ''])) as typeof env
}

const text = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })
  return { status: response.status, body: await response.text() }
}

beforeAll(async () => {
  wasThere = await access(join(repositoryDir, '.run/env')).then(
    () => true,
    () => false,
  )
  told = await demo()
  env = await environment()
})
afterAll(async () => {
  if (wasThere) return
  const namespace = env.BATCHSENDER_NAMESPACE
  await run(env.KUBECTL, ['--kubeconfig', env.KUBECONFIG, 'delete', 'namespace', namespace, '--wait=false'])
  for (const left of ['env', 'nats'])
    await rm(join(repositoryDir, '.run', left), { recursive: true, force: true })
})

/** docs/quickstart.md, in the shell of somebody who has just read the end of `make run`. */
const typed = (text: string) =>
  run('bash', ['-euc', `${procedure('docs/quickstart.md#environment').text}\n${text}`], {
    cwd: repositoryDir,
  })

describe('make run', () => {
  it('ends Ready, with every mail at the sink and none twice', () => {
    expect(told).toMatch(/^orders +True +/m)
    expect(told).toMatch(/^ +accepted +1000$/m)
    expect(told).toMatch(/^ +at the sink +1000$/m)
    expect(told).toMatch(/^ +duplicates +0$/m)
    expect(told).toMatch(/^ +uncertain +0$/m)
  })

  it('leaves a cluster and a BatchSender that a shell finds', async () => {
    const seen = await run(env.KUBECTL, [
      '--kubeconfig',
      env.KUBECONFIG,
      '-n',
      env.BATCHSENDER_NAMESPACE,
      'wait',
      '--for=condition=Ready',
      '--timeout=5s',
      `bs/${env.BATCHSENDER_NAME}`,
    ])
    expect(seen).toContain('condition met')
  })

  it('leaves the API and the sink within reach', async () => {
    const batches = `${env.API_URL}/v1/batches`
    expect(await text(batches, { authorization: `Bearer ${env.API_TOKEN}` })).toMatchObject({ status: 200 })
    expect((await text(batches)).status).toBe(401)
    const count = Number((await text(`${env.SINK_URL}/count`)).body)
    expect(count).toBeGreaterThanOrEqual(MAILS)
    const { body } = await text(`${env.SINK_URL}/messages?after=${count - 10}`)
    const last = body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Arrival)
    expect(last).toHaveLength(10)
    expect(last.at(-1)).toMatchObject({ seq: count, recipient: expect.stringContaining('@') as string })
  })

  it('leaves the stores within reach', async () => {
    const { username, password, origin } = new URL(env.CLICKHOUSE_URL)
    const login = { 'x-clickhouse-user': username, 'x-clickhouse-key': password }
    const query = encodeURIComponent('SELECT count() > 0 FROM batchsender.email_events')
    // Events are handed over every second.
    await eventually('events in ClickHouse', async () => {
      const { status, body } = await text(`${origin}/?query=${query}`, login)
      expect(status).toBe(200)
      return body === '1\n' ? true : undefined
    })
    expect((await text(env.S3_URL)).status).toBe(403)
    const postgres = new Client({ connectionString: env.POSTGRES_URL })
    await postgres.connect()
    try {
      const { rows } = await postgres.query<{ sent: number }>(
        `SELECT count(*)::int AS sent FROM recipient WHERE state = 'sent'`,
      )
      expect(rows[0]?.sent).toBeGreaterThanOrEqual(MAILS)
    } finally {
      await postgres.end()
    }
  })

  it('has a PostgreSQL that survives the replacement of its pod', async () => {
    const inNamespace = (...args: string[]) =>
      run(env.KUBECTL, ['--kubeconfig', env.KUBECONFIG, '-n', env.BATCHSENDER_NAMESPACE, ...args])
    await inNamespace('delete', 'pod', '-l', 'app=postgres', '--wait=true')
    // The pod that is there next finds a volume that kubelet has opened to its group once more.
    await inNamespace('rollout', 'status', 'deployment/postgres', '--timeout=120s')
    const postgres = new Client({ connectionString: env.POSTGRES_URL })
    await postgres.connect()
    const { rows } = await postgres.query('SELECT 1 AS one')
    await postgres.end()
    expect(rows).toEqual([{ one: 1 }])
  })

  it('leaves NATS within reach of who has the certificate', async () => {
    const { hostname, port } = new URL(env.NATS_URL)
    const [ca, cert, key] = await Promise.all(
      [env.NATS_CA, env.NATS_CERT, env.NATS_KEY].map((path) => readFile(path)),
    )
    // Like every NATS server that is not told otherwise, it says who it is before TLS begins.
    const plain = open(Number(port), hostname)
    const info = await new Promise<string>((resolve, reject) => {
      plain.once('data', (chunk) => {
        resolve(chunk.toString())
      })
      plain.once('error', reject)
    })
    expect(info).toMatch(/^INFO .*"tls_required":true/)
    const socket = connect({ socket: plain, ca, cert, key, servername: env.NATS_SERVER_NAME })
    try {
      await new Promise((resolve, reject) => {
        socket.once('secureConnect', resolve)
        socket.once('error', reject)
      })
      expect(socket.authorized).toBe(true)
    } finally {
      socket.destroy()
    }
  })

  it('takes what is up the second time, and sends again', async () => {
    const before = Number((await text(`${env.SINK_URL}/count`)).body)
    expect(await demo()).toMatch(/^ +at the sink +1000$/m)
    expect(Number((await text(`${env.SINK_URL}/count`)).body)).toBe(before + MAILS)
  })
})

describe('docs/quickstart.md', () => {
  it('shows what is there', async () => {
    const seen = await typed(procedure('docs/quickstart.md#look').text)
    expect(seen).toMatch(/^orders +True /m)
    expect(seen).toMatch(/^nats-tls-adopted: Proven /m)
  })

  it('sends a mail', async () => {
    const before = Number((await text(`${env.SINK_URL}/count`)).body)
    expect(await typed(procedure('docs/quickstart.md#send').text)).toContain('"recipients":1')
    await eventually('the mail is at the sink', async () =>
      Number((await text(`${env.SINK_URL}/count`)).body) > before ? true : undefined,
    )
  })

  it('breaks something, and it is there again', async () => {
    const seen = await typed(procedure('docs/quickstart.md#break').text)
    expect(seen).toContain('service/orders-worker condition met')
    expect(seen).toContain('secret/orders-nats-server condition met')
  })
})
