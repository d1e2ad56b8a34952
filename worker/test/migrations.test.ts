import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig } from './rig.ts'
import { openDatabase } from '../src/store/database.ts'
import { knownMigrations, migrate } from '../src/store/migrations.ts'
import { isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

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

/** A check that is not validated holds for every new row like any other; a way down leaves some behind. */
const shape = async () => ({
  columns: await rig.sql(
    `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
     WHERE table_schema = 'public' ORDER BY 1, 2`,
  ),
  indexes: await rig.sql(`SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`),
  constraints: await rig.sql(
    `SELECT conrelid::regclass::text AS on, conname AS name,
       replace(pg_get_constraintdef(oid), ' NOT VALID', '') AS definition
     FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
  ),
  tables: await rig.sql(
    `SELECT relname, relpersistence, reloptions FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1`,
  ),
})

interface Column extends Record<string, unknown> {
  readonly name: string
  readonly type: string
}

/** The same id everywhere, so that references hold. */
const ID = '00000000-0000-4000-8000-000000000001'
const VALUES: Readonly<Record<string, unknown>> = {
  uuid: ID,
  text: 'x',
  integer: 1,
  bigint: 1,
  'double precision': 1,
  boolean: false,
  jsonb: '{}',
  ARRAY: '{}',
  'timestamp with time zone': '2026-01-01T00:00:00Z',
}
const PARTICULAR: Readonly<Record<string, unknown>> = { 'suppression.reason': 'manual' }

/** Whatever a table asks for, so that a new table needs nothing here. */
const fill = async (table: string) => {
  const columns = await rig.sql<Column>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL
       AND is_identity = 'NO'`,
    [table],
  )
  const names = columns.map(({ name }) => name).join(', ')
  const marks = columns.map((_, index) => `$${index + 1}`).join(', ')
  await rig.sql(
    `INSERT INTO ${table} (${names}) VALUES (${marks})`,
    columns.map(({ name, type }) => PARTICULAR[`${table}.${name}`] ?? VALUES[type]),
  )
}
const rows = async (): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const table of await tables()) {
    const [row] = await rig.sql<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)
    if (table !== 'schema_version') counts[table] = row?.n ?? 0
  }
  return counts
}

/** What the worker's own command does not do: up to a version that is not the last. */
const migrateTo = async (version: number, way: 'up' | 'down') => {
  const connection = openDatabase({
    url: rig.postgres.url,
    connections: 1,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  try {
    return await migrate(connection, await knownMigrations(), way, version)
  } finally {
    await connection.close()
  }
}

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

test('every version goes up, down and up again with a row in every table, to the same shape', async () => {
  const versions = (await knownMigrations()).map(({ version }) => version)
  await rig.migrate('down', '0')
  const shapes = new Map([[0, await shape()]])
  for (const version of versions) {
    expect(await migrateTo(version, 'up')).toHaveLength(1)
    shapes.set(version, await shape())
    const had = await rows()
    // A batch before what belongs to it.
    for (const table of Object.keys(had).sort((a, b) => Number(b === 'batch') - Number(a === 'batch')))
      if (had[table] === 0) await fill(table)
  }
  const filled = await rows()
  expect(Object.values(filled).every((count) => count === 1)).toBe(true)

  for (const version of versions.toReversed()) {
    expect(await migrateTo(version - 1, 'down')).toHaveLength(1)
    expect(await shape()).toEqual(shapes.get(version - 1))
    expect(await rows()).toEqual(
      Object.fromEntries((await tables()).filter((t) => t in filled).map((table) => [table, 1])),
    )
    // And forth and back once more from here, with what is left in it.
    await migrateTo(version, 'up')
    expect(await shape()).toEqual(shapes.get(version))
    await migrateTo(version - 1, 'down')
  }
  await rig.migrate('up')
  expect(await shape()).toEqual(shapes.get(versions.at(-1) ?? 0))
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

const suppressed = () =>
  rig.sql('SELECT address_norm, reason, detail FROM suppression ORDER BY address_norm COLLATE "C"')

test('the list is folded with the strongest reason, and an older worker finds in it what it found', async () => {
  await rig.migrate('down', '7')
  await rig.sql(`INSERT INTO suppression (address_norm, reason, detail) VALUES
    ('Ann@example.org', 'complaint', 'feedback'), ('ann@example.org', 'bounce', '550'),
    ('ANN@example.org', 'manual', 'ticket'),
    ('Bob@example.org', 'manual', ''), ('bob@example.org', 'unsubscribe', 'batch'),
    ('Carol@example.org', 'bounce', 'first'), ('plain@example.org', 'manual', '')`)
  const before = await suppressed()
  await rig.migrate('up')
  const after = await suppressed()
  expect(after).toEqual([
    { address_norm: 'ANN@example.org', reason: 'manual', detail: 'ticket' },
    { address_norm: 'Ann@example.org', reason: 'complaint', detail: 'feedback' },
    { address_norm: 'Bob@example.org', reason: 'manual', detail: '' },
    { address_norm: 'Carol@example.org', reason: 'bounce', detail: 'first' },
    { address_norm: 'ann@example.org', reason: 'complaint', detail: 'feedback' },
    { address_norm: 'bob@example.org', reason: 'unsubscribe', detail: 'batch' },
    { address_norm: 'carol@example.org', reason: 'bounce', detail: 'first' },
    { address_norm: 'plain@example.org', reason: 'manual', detail: '' },
  ])
  // Nobody is forgotten on the way back, whichever way a mailbox is written.
  await rig.migrate('down', '7')
  expect(await suppressed()).toEqual(after)
  await rig.migrate('up')
  expect(await suppressed()).toEqual(after)
  expect(after).toEqual(
    expect.arrayContaining(before.filter(({ address_norm: of }) => of !== 'ann@example.org')),
  )
  await rig.sql('DELETE FROM suppression')
})

test('what was open when the schema goes down is cancelled, and what is being sent may end', async () => {
  const [open, sending] = [crypto.randomUUID(), crypto.randomUUID()]
  await rig.sql(
    `INSERT INTO batch (id, user_id, state, sender, subject, recipients, duplicates, filling)
     VALUES ($1, 'u', 'open', 's', 's', 1, 0, true), ($2, 'u', 'running', 's', 's', 1, 0, true)`,
    [open, sending],
  )
  await rig.sql(
    `INSERT INTO recipient (batch_id, seq, address, address_norm) VALUES ($1, 0, 'a', 'a'), ($2, 0, 'a', 'a')`,
    [open, sending],
  )
  await rig.migrate('down', '8')
  const states = (id: string) =>
    rig.sql(
      `SELECT batch.state AS batch, finished_at IS NOT NULL AS finished, recipient.state AS recipient
       FROM batch JOIN recipient ON batch_id = id WHERE id = $1`,
      [id],
    )
  expect(await states(open)).toEqual([{ batch: 'cancelled', finished: true, recipient: 'cancelled' }])
  await rig.sql(`UPDATE batch SET state = 'completed' WHERE id = $1`, [sending])
  expect(await states(sending)).toEqual([{ batch: 'completed', finished: false, recipient: 'pending' }])
  await rig.migrate('up')
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
