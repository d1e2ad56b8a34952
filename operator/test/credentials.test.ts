/**
 * Credentials that turn wrong: told within a minute in the words of the server, and mended by putting the Secret right.
 * PostgreSQL, NATS and the migration are real; no kubelet runs here, so that workers are replaced shows in their template.
 */
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest'
import {
  startPostgresWithPasswords,
  type PostgresWithPasswords,
} from '../../hack/servers/postgresPasswords.ts'
import type { DeploymentManifest } from '../src/components/parts/manifests.ts'
import { Client } from 'pg'
import { procedure } from '../../hack/docs/procedures.ts'
import { TEMPLATE_HASH } from '../src/vocabulary/labels.ts'
import { runControllers } from './controllers.ts'
import { condition, Harness } from './harness.ts'
import { migrationPods } from './migrationPods.ts'
import { startNatsOverTls, type NatsOverTls } from './natsOverTls.ts'
import { typed } from './terminal.ts'

const WITHIN_MS = 60_000
const RIGHT = 'right-canary'
const WRONG = 'wrong-canary'
const EXAMPLE = 'postgres://user:password@db.example.com:5432/mails?sslmode=verify-full'
const cluster = new Harness()
let postgres: PostgresWithPasswords
let nats: NatsOverTls
let controllers: ReturnType<typeof runControllers>

beforeAll(async () => {
  postgres = await startPostgresWithPasswords(RIGHT)
  nats = await startNatsOverTls()
  await cluster.start()
})
afterAll(async () => {
  await cluster.stop()
  await nats.stop()
  await postgres.stop()
})
beforeEach(async () => {
  await cluster.newNamespace()
  controllers = runControllers(cluster, { job: migrationPods(cluster) })
  await cluster.apply(cluster.secret('api-tokens', { alice: 'sha256:00' }))
  await cluster.apply(cluster.secret('nats', nats.client))
  await cluster.apply(cluster.secret('postgres', { url: postgres.urlWith(RIGHT) }))
})
afterEach(() => controllers.stop())

const external = () => ({ nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats' } } } })

const until = (reason: string, type = 'Ready', withinMs = WITHIN_MS) =>
  cluster.eventually(
    `${type} ${reason}`,
    async () => {
      const seen = await cluster.status()
      const found = condition(seen, type)
      return found?.reason === reason && found.observedGeneration === seen.generation ? found : undefined
    },
    withinMs,
  )

async function templateHash(): Promise<string> {
  const { spec } = (await cluster.get('deployment', 'orders-worker')) as DeploymentManifest
  return spec?.template.metadata?.annotations?.[TEMPLATE_HASH] ?? ''
}

async function migrationJobs(): Promise<string> {
  const jobs = await cluster.api.list('jobs', cluster.namespace)
  return jobs
    .map(({ metadata: { name } }) => name)
    .sort()
    .join(', ')
}

test.each([
  ['url', (url: string) => ({ url })],
  ['directUrl', (directUrl: string) => ({ url: postgres.urlWith(RIGHT), directUrl })],
])(
  'a password of PostgreSQL in %s is told in the words of the server',
  async (key, data) => {
    await cluster.apply(cluster.secret('postgres', data(postgres.urlWith(RIGHT))))
    await cluster.apply(cluster.batchSender(external()))
    await until('Ready')
    const before = await templateHash()

    await cluster.apply(cluster.secret('postgres', data(postgres.urlWith(WRONG))))
    // A direct address alone is no other database: whoever asks for a migration has to use it.
    if (key === 'directUrl')
      await cluster.apply(
        cluster.batchSender({
          ...external(),
          worker: {
            image: 'registry.example.com/worker:2',
            provider: { smtp: { host: 'mail.example.com' } },
            http: { tokensSecretRef: { name: 'api-tokens' } },
          },
        }),
      )
    const told = await until('CredentialsRefused', 'WorkerReady')
    expect(told).toMatchObject({
      status: 'False',
      message: `PostgreSQL refuses the credentials of Secret postgres (${key}): password authentication failed for user "sender"`,
    })
    const seen = await cluster.status()
    expect(condition(seen, 'Ready')).toMatchObject({ status: 'False', reason: 'CredentialsRefused' })
    expect(condition(seen, 'Stalled')).toBeUndefined()
    expect(JSON.stringify(seen)).not.toMatch(/canary/)
    expect(await templateHash()).toBe(before)

    // Once the operator has read of it, another Job asks: what is put right afterwards is a change again.
    if (key === 'directUrl') {
      const first = await migrationJobs()
      await cluster.eventually('another Job', async () =>
        (await migrationJobs()) === first ? undefined : true,
      )
      await until('CredentialsRefused', 'WorkerReady')
    }
    const right = postgres.urlWith(RIGHT)
    if (key === 'directUrl') await cluster.apply(cluster.secret('postgres', data(right)))
    else await typed(cluster, procedure('docs/postgres.md#right-credentials').with({ [EXAMPLE]: right }))
    const { data: stored } = (await cluster.get('secret', 'postgres')) as { data?: Record<string, string> }
    expect(stored?.[key]).toBe(Buffer.from(right).toString('base64'))
    await until('Ready', 'Ready', 2 * WITHIN_MS)
    // Whoever restarted in between has the wrong one, and looks like all others; of a direct address workers know nothing.
    await cluster.eventually('other workers', async () =>
      (await templateHash()) === before ? undefined : true,
    )
    expect(condition(await cluster.status(), 'WorkerReady')?.reason).toBe('Available')
  },
  300_000,
)

test('a database that was emptied is migrated again as docs/pods.md has it', async () => {
  await cluster.apply(cluster.batchSender(external()))
  await until('Ready')
  const client = new Client({ connectionString: postgres.urlWith(RIGHT) })
  await client.connect()
  const isMigrated = async () => {
    const { rows } = await client.query<{ table: string | null }>("SELECT to_regclass('batch') AS table")
    return rows[0]?.table !== null
  }
  try {
    expect(await isMigrated()).toBe(true)
    await client.query('DROP SCHEMA public CASCADE')
    await client.query('CREATE SCHEMA public')
    await typed(cluster, procedure('docs/pods.md#migrate-again'))
    await cluster.eventually('tables', async () => ((await isMigrated()) ? true : undefined))
    await cluster.eventually('it is remembered', async () => (await cluster.status()).migration)
    await until('Ready')
  } finally {
    await client.end()
  }
})
