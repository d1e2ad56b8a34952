import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig } from './rig.ts'
import { openDatabase } from '../src/store/database.ts'
import { knownMigrations, migrate } from '../src/store/migrations.ts'
import { isFinished, startRig, until } from './rig.ts'

let rig: Rig
let known: number

beforeAll(async () => {
  rig = await startRig({ migrated: false })
  known = (await knownMigrations()).at(-1)?.version ?? 0
})
afterAll(() => rig.stop())

const tables = async () => {
  const rows = await rig.sql<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}
const shape = () =>
  rig.sql(
    `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
     WHERE table_schema = 'public' ORDER BY 1, 2`,
  )

test('a worker waits for the schema, says so, and begins when it is there', async () => {
  const worker = await rig.worker()
  await until(
    async () => (await fetch(`${worker.internal}/readyz`)).status,
    (status) => status === 503,
  )
  expect(await (await fetch(`${worker.internal}/readyz`)).json()).toMatchObject({
    ready: false,
    checks: { schema: 'older, version 0' },
  })
  expect((await worker.post({})).status).toBe(503)
  expect(worker.log()).toContain(`older than ${known}`)
  expect(await rig.migrate()).toContain('up 0001 initial')
  await until(
    async () => (await fetch(`${worker.internal}/readyz`)).status,
    (status) => status === 200,
  )
  const id = await worker.accept(10)
  await until(() => worker.batch(id), isFinished, worker.log)
  await worker.kill()
})

test('the schema goes down with data in it, and up again to the same shape', async () => {
  const before = await shape()
  expect(await rig.sql('SELECT count(*)::int AS n FROM recipient')).toEqual([{ n: 10 }])
  expect(await rig.migrate('down', '0')).toContain('down 0001 initial')
  expect(await tables()).toEqual(['schema_version'])
  await rig.migrate('up')
  expect(await shape()).toEqual(before)
  expect(await rig.migrate('up')).toContain('as it should be')
})

test('without the suppression list, recipients left out for it have failed', async () => {
  await rig.sql(
    `INSERT INTO recipient (batch_id, seq, address, address_norm, state)
     VALUES (gen_random_uuid(), 0, 'gone@example.org', 'gone@example.org', 'suppressed')`,
  )
  await rig.migrate('down', '1')
  expect(await rig.sql('SELECT state, error_code FROM recipient')).toEqual([
    { state: 'failed', error_code: 'suppressed' },
  ])
  await expect(rig.sql(`UPDATE recipient SET state = 'suppressed'`)).rejects.toThrow('recipient_state_check')
  await rig.migrate('up')
  await rig.sql(`UPDATE recipient SET state = 'suppressed'`)
})

test('migrations that start together take turns', async () => {
  await rig.migrate('down', '0')
  const slow = {
    version: 50,
    name: 'slow',
    up: 'SELECT pg_sleep(0.3); CREATE TABLE slow (id integer)',
    down: 'DROP TABLE slow',
  }
  const databases = Array.from({ length: 3 }, () =>
    openDatabase({
      url: rig.postgres.url,
      caFile: undefined,
      connections: 1,
      applicationName: 'test',
      onIdleError: () => undefined,
    }),
  )
  const steps = await Promise.all(databases.map((database) => migrate(database, [slow], 'up', 50)))
  expect(steps.flat()).toEqual(['up 0050 slow'])
  await Promise.all(databases.map((database) => migrate(database, [slow], 'down', 0)))
  await Promise.all(databases.map((database) => database.close()))
  await rig.migrate()
})

test('a worker refuses a schema that is newer than it knows, unless that says it fits', async () => {
  await rig.sql(`INSERT INTO schema_version (version, name, compatible_from) VALUES (99, 'later', 99)`)
  const worker = await rig.worker()
  await until(
    () => Promise.resolve(worker.log()),
    (log) => log.includes(`newer than ${known}`),
  )
  expect((await fetch(`${worker.internal}/readyz`)).status).toBe(503)
  await rig.migrate('up')
  await expect(rig.migrate('down', '0')).rejects.toThrow('version 99 of the schema is unknown')
  await rig.sql('UPDATE schema_version SET compatible_from = $1 WHERE version = 99', [known])
  await until(
    async () => (await fetch(`${worker.internal}/readyz`)).status,
    (status) => status === 200,
  )
  await worker.kill()
})
