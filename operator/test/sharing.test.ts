/** What two BatchSenders use that each should have for itself, told at both, on a real API server. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { condition, Harness } from './harness.ts'

const cluster = new Harness()
beforeAll(() => cluster.start())
afterAll(() => cluster.stop())
beforeEach(() => cluster.newNamespace())

const S3 = { endpoint: 'https://s3.example.com', bucket: 'mails', credentialsSecretRef: { name: 'bucket' } }
const clickhouse = (database: string, collection: string, prefix: string) => ({
  external: { url: 'https://clickhouse.example.com' },
  database,
  backup: { destination: { namedCollection: collection, s3: { ...S3, prefix } }, retention: {} },
})

async function make(name: string, url: string, more: object = {}): Promise<void> {
  await cluster.apply(cluster.secret('api-tokens', { alice: 'sha256:00' }))
  await cluster.apply(cluster.secret('bucket', { accessKey: 'a', secretKey: 'b' }))
  await cluster.apply(cluster.secret(`postgres-${name}`, { url }))
  await cluster.apply(
    cluster.batchSender({ postgres: { credentialsSecretRef: { name: `postgres-${name}` } }, ...more }, name),
  )
}

const untilShared = (name: string, shared: unknown) =>
  cluster.eventually(
    `${name} shares ${JSON.stringify(shared)}`,
    async () => {
      const seen = (await cluster.status(name)).evidence
      return JSON.stringify(seen?.shared ?? []) === JSON.stringify(shared) ? true : undefined
    },
    120_000,
  )

async function told(name: string): Promise<string[]> {
  const events = await cluster.api.list('events', cluster.namespace)
  return events
    .filter(({ reason, involvedObject }) => {
      const about = involvedObject as { readonly name?: string } | undefined
      return reason === 'Shared' && about?.name === name
    })
    .map(({ message }) => String(message))
}

test('one database of PostgreSQL, whoever logs in and however it is spelt', async () => {
  const { namespace } = cluster
  await make('one', 'postgres://u:canary-one@db/mails')
  await make('two', `postgresql://other:canary-two@DB.${namespace}.svc:5432/mails?sslmode=require`)
  await make('three', 'postgres://u:canary-one@db/other')
  await untilShared('one', [{ what: 'postgres', with: [`${namespace}/two`] }])
  await untilShared('two', [{ what: 'postgres', with: [`${namespace}/one`] }])
  await untilShared('three', [])
  await cluster.eventually('the event', async () => ((await told('one')).length === 1 ? true : undefined))
  expect(await told('one')).toEqual([`its database of PostgreSQL is also that of ${namespace}/two`])
  const seen = JSON.stringify([await cluster.status('one'), await cluster.status('two')])
  expect(seen).not.toMatch(/canary|mails/)

  // At rest nothing is written, nor by an operator that has seen neither of them yet.
  for (const name of ['one', 'two', 'three']) await cluster.looked(name)
  const before = await cluster.settled()
  await cluster.operator.stop()
  await cluster.startOperator()
  const after = await cluster.settled()
  expect(after.split('\n')).toEqual(before.split('\n'))

  await cluster.inNamespace(['delete', 'bs', 'two', '--wait=false'])
  await untilShared('one', [])
})

test('a tenant learns nothing of another one', async () => {
  const { namespace } = cluster
  await make('one', 'postgres://u:p@db.example.com/tenants')
  await cluster.newNamespace()
  await make('two', 'postgres://u:p@db.example.com/tenants')
  const anonymous = [{ what: 'postgres', with: ['a BatchSender of another namespace'] }]
  await untilShared('two', anonymous)
  expect(JSON.stringify(await cluster.status('two'))).not.toContain(`${namespace}/`)
})

test('backups at one place turn BackupReady at both, also a folder within another', async () => {
  const { namespace } = cluster
  await make('one', 'postgres://u:p@db/one', { clickhouse: clickhouse('one', 'first', 'mail/') })
  await make('two', 'postgres://u:p@db/two', { clickhouse: clickhouse('two', 'second', 'mail/two/') })
  await make('other', 'postgres://u:p@db/other', { clickhouse: clickhouse('other', 'third', 'mail-2/') })
  await untilShared('one', [{ what: 'backup', with: [`${namespace}/two`] }])
  await untilShared('two', [{ what: 'backup', with: [`${namespace}/one`] }])
  await untilShared('other', [])
  for (const [name, who] of [
    ['one', 'two'],
    ['two', 'one'],
  ] as const) {
    const found = await cluster.eventually(`${name}: DestinationShared`, async () => {
      const ready = condition(await cluster.status(name), 'BackupReady')
      return ready?.reason === 'DestinationShared' ? ready : undefined
    })
    expect(found.message).toContain(`backups of ${namespace}/${who} are kept at the same place`)
  }
  await make('two', 'postgres://u:p@db/two', { clickhouse: clickhouse('two', 'second', 'two/') })
  await cluster.eventually('told no more', async () => {
    const reasons = await Promise.all(
      ['one', 'two'].map(async (name) => condition(await cluster.status(name), 'BackupReady')?.reason),
    )
    return reasons.includes('DestinationShared') ? undefined : true
  })
  await untilShared('one', [])
})

test('backups at one place in another namespace are told, and turn nothing', async () => {
  await make('mine', 'postgres://u:p@db/mine', { clickhouse: clickhouse('mine', 'first', 'shared/') })
  await untilShared('mine', [])
  const first = cluster.namespace
  await cluster.newNamespace()
  await cluster.applySecrets()
  await make('theirs', 'postgres://u:p@db/theirs', { clickhouse: clickhouse('theirs', 'second', 'shared/') })
  await untilShared('theirs', [{ what: 'backup', with: ['a BatchSender of another namespace'] }])
  expect(condition(await cluster.status('theirs'), 'BackupReady')?.reason).not.toBe('DestinationShared')
  await cluster.kubectl(['-n', first, 'delete', 'batchsender', 'mine'])
})

test('one database of ClickHouse, or one collection for backups on one server', async () => {
  const { namespace } = cluster
  const plain = (database: string) => ({ external: { url: 'https://CLICKHOUSE.example.com:443' }, database })
  await make('one', 'postgres://u:p@db/one', { clickhouse: clickhouse('both', 'same', 'one/') })
  await make('two', 'postgres://u:p@db/two', { clickhouse: plain('both') })
  await make('three', 'postgres://u:p@db/three', { clickhouse: clickhouse('own', 'same', 'three/') })
  await untilShared('one', [
    { what: 'backup', with: [`${namespace}/three`] },
    { what: 'clickhouse', with: [`${namespace}/two`] },
  ])
  await untilShared('two', [{ what: 'clickhouse', with: [`${namespace}/one`] }])
})
