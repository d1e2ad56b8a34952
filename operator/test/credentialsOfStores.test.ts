/**
 * Names and passwords of ClickHouse, and keys of a bucket, that turn wrong: told at the condition of whoever uses them, in
 * the words of the server, and mended by putting the Secret right. API server, NATS and S3 are real; ClickHouse is the
 * engine behind a front that checks names and passwords.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startClickhouse, type ClickhouseServer } from '../../hack/servers/clickhouse.ts'
import { startS3, type S3Server } from '../../hack/servers/s3.ts'
import { runControllers } from './controllers.ts'
import { condition, Harness } from './harness.ts'
import { startNatsOverTls, type NatsOverTls } from './natsOverTls.ts'

/** The documented limit is a minute; the rest is for a machine that is busy. */
const WITHIN_MS = 120_000
const WRONG = 'wrong-canary'
const ROLES = ['worker', 'operator', 'backup', 'checksum', 'verify'] as const
type Role = (typeof ROLES)[number]

const cluster = new Harness()
let s3: S3Server
let clickhouse: ClickhouseServer
let nats: NatsOverTls
let controllers: ReturnType<typeof runControllers>

beforeAll(async () => {
  s3 = await startS3()
  const passwords = Object.fromEntries(ROLES.map((role) => [`the-${role}`, `right-canary-${role}`]))
  clickhouse = await startClickhouse({ s3, username: 'admin', password: 'admin', users: passwords })
  nats = await startNatsOverTls()
  await cluster.start()
  await cluster.newNamespace()
  controllers = runControllers(cluster)
  await cluster.applySecrets()
  await cluster.apply(cluster.secret('nats', nats.client))
  await applyRight()
  await cluster.apply(cluster.batchSender(spec()))
  await until('Ready', 'Ready')
})
afterAll(async () => {
  await controllers.stop()
  await cluster.stop()
  await nats.stop()
  await clickhouse.stop()
  await s3.stop()
})
beforeEach(async () => {
  await applyRight()
  await until('Ready', 'Ready', true)
})

const spec = () => ({
  nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats' } } },
  clickhouse: {
    external: { url: clickhouse.url, insecure: true, credentialsSecretRef: { name: 'clickhouse' } },
    archive: {},
    backup: {
      destination: {
        namedCollection: 'backup_s3',
        s3: {
          endpoint: s3.url,
          bucket: s3.bucket,
          prefix: 'backups/',
          credentialsSecretRef: { name: 'bucket' },
        },
      },
      retention: {},
      verify: {},
    },
  },
})

const keysOf = (role: Role) =>
  role === 'worker'
    ? (['username', 'password'] as const)
    : ([`${role}-username`, `${role}-password`] as const)

/** The Secret of ClickHouse in which some have a wrong password. */
const logins = (...wrong: readonly Role[]) =>
  cluster.secret(
    'clickhouse',
    Object.fromEntries(
      ROLES.flatMap((role) => {
        const [username, password] = keysOf(role)
        return [
          [username, `the-${role}`],
          [password, wrong.includes(role) ? WRONG : `right-canary-${role}`],
        ]
      }),
    ),
  )

const keys = (more: { readonly accessKey?: string; readonly secretKey?: string } = {}) =>
  cluster.secret('bucket', { accessKey: s3.accessKey, secretKey: s3.secretKey, ...more })

async function applyRight(): Promise<void> {
  await cluster.apply(logins())
  await cluster.apply(keys())
}

/** @param message in full: a look that is refused may be told in the server's words before the login is tried. */
function until(type: string, reason: string, hurries = false, message?: string) {
  return cluster.eventually(
    `${type} ${reason}`,
    async () => {
      if (hurries) await cluster.hurry()
      const seen = await cluster.status()
      const found = condition(seen, type)
      if (found?.reason !== reason || found.observedGeneration !== seen.generation) return undefined
      return message === undefined || found.message === message ? found : undefined
    },
    WITHIN_MS,
  )
}

const untilTold = (type: string, message: string, hurries = false) =>
  until(type, 'CredentialsRefused', hurries, message)

const refusal = (role: Role, ...others: readonly Role[]) =>
  `ClickHouse refuses the credentials of Secret clickhouse (${keysOf(role).join(', ')}; ${others.length > 0 ? 'roles' : 'role'} ${[role, ...others].join(', ')}): the-${role}: Authentication failed: password is incorrect, or there is no user with such name`

async function expectNothingSecret(): Promise<void> {
  expect(JSON.stringify(await cluster.status())).not.toMatch(/canary/)
  expect(await cluster.inNamespace(['get', 'events', '-o', 'json'])).not.toMatch(/canary/)
}

test('all of them are told within a minute, and nothing is left of it a minute after they are right', async () => {
  await cluster.apply(logins(...ROLES))
  await cluster.apply(keys({ secretKey: WRONG }))
  const told = await Promise.all([
    untilTold('WorkerReady', refusal('worker')),
    untilTold('ArchiveReady', refusal('operator')),
    untilTold('BackupReady', refusal('backup')),
    until('Ready', 'CredentialsRefused'),
  ])
  expect(told.map(({ status }) => status)).toEqual(['False', 'False', 'False', 'False'])
  expect(condition(await cluster.status(), 'Stalled')).toBeUndefined()
  await expectNothingSecret()

  await applyRight()
  await until('Ready', 'Ready')
}, 480_000)

test.each([
  ['worker', 'WorkerReady'],
  ['operator', 'ArchiveReady'],
  ['backup', 'BackupReady'],
  ['checksum', 'BackupReady'],
  ['verify', 'BackupReady'],
] as const)(
  'ClickHouse: the password of %s is told at %s',
  async (role, type) => {
    await cluster.apply(logins(role))
    await untilTold(type, refusal(role), true)
    const others = ['WorkerReady', 'ArchiveReady', 'BackupReady'].filter((other) => other !== type)
    const seen = await cluster.status()
    expect(others.map((other) => condition(seen, other)?.status)).toEqual(['True', 'True'])
  },
  180_000,
)

test.each([
  ['secretKey', WRONG, 'SignatureDoesNotMatch'],
  // What AWS calls InvalidAccessKeyId, in the words of this server.
  ['accessKey', 'AKIDNOBODY', 'XAdminUserNotFound'],
])(
  'S3: a wrong %s of the retention is told at BackupReady',
  async (key, value, words) => {
    await cluster.apply(keys({ [key]: value }))
    expect(await until('BackupReady', 'CredentialsRefused', true)).toMatchObject({
      status: 'False',
      message: `S3 refuses the credentials of Secret bucket (accessKey, secretKey; role retention): ${words}`,
    })
    await expectNothingSecret()
  },
  180_000,
)

test('one login of several roles is told of all that a condition is about', async () => {
  const shared = { username: 'the-worker', password: WRONG }
  await cluster.apply(cluster.secret('clickhouse', shared))
  await cluster.inNamespace(['delete', 'secret', 'clickhouse'])
  await cluster.apply(cluster.secret('clickhouse', shared))
  const told = await until('BackupReady', 'CredentialsRefused', true)
  expect(told.message).toBe(
    refusal('worker', 'backup', 'checksum', 'verify').replace('roles worker, ', 'roles '),
  )
}, 480_000)

test('servers that are away refuse nobody, and take back nothing that was told', async () => {
  await cluster.apply(logins('worker'))
  const told = await until('WorkerReady', 'CredentialsRefused', true)
  await clickhouse.kill()
  await s3.kill()
  await until('ArchiveReady', 'Unreachable', true)
  const seen = await cluster.status()
  expect(condition(seen, 'BackupReady')?.reason).not.toBe('CredentialsRefused')
  expect(condition(seen, 'WorkerReady')).toMatchObject({ status: 'False', message: told.message })
  await s3.start()
  await clickhouse.start()
}, 480_000)

test('that the user of the workers may change the audit log is told, by its own words', async () => {
  const message = await cluster.eventually('audit-log', async () => {
    await cluster.hurry()
    const check = (await cluster.status()).checks?.find(({ name }) => name === 'audit-log')
    return check?.state === 'Failing' ? check.message : undefined
  })
  expect(message).toMatch(
    /^the user of the workers may [A-Z][A-Z ,]* on audit_log: docs\/clickhouse-rights\.sql has/,
  )
})
