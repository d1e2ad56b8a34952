import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type PostgresServer } from '../../hack/servers/postgres.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { knownMigrations, migrate } from '../src/store/migrations.ts'
import { openDatabase } from '../src/store/database.ts'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

test('the role and the database of docs/postgres.md are all that the migration needs', async () => {
  const admin = new Client({ connectionString: postgres.url })
  await admin.connect()
  for (const statement of procedure('docs/postgres.md#role-and-database').statements)
    await admin.query(statement)
  await admin.end()
  const url = new URL(postgres.url)
  Object.assign(url, { username: 'mails', password: 'put-yours-here', pathname: '/mails' })
  const database = openDatabase({
    url: url.href,
    connections: 2,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  const migrations = await knownMigrations()
  const last = migrations.at(-1)?.version ?? 0
  expect(await migrate(database, migrations, 'up', last)).toHaveLength(migrations.length)
  await database.close()
})

test('a connection that is lost between two statements of a transaction fails the second and nothing else', async () => {
  const idleErrors: Error[] = []
  const database = openDatabase({
    url: postgres.url,
    connections: 1,
    applicationName: 'test',
    onIdleError: (error) => idleErrors.push(error),
  })
  const admin = new Client({ connectionString: postgres.url })
  await admin.connect()
  const cutOff = database.transaction(async (transaction) => {
    const [own] = await transaction.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await admin.query('SELECT pg_terminate_backend($1, 5000)', [own?.pid])
    await sleep(200)
    return transaction.query('SELECT 1')
  })
  await expect(cutOff).rejects.toThrow()
  expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  expect(idleErrors).toEqual([])
  await admin.end()
  await database.close()
})

test('a pool tells how many connections it has, and who waits for one', async () => {
  const database = openDatabase({
    url: postgres.url,
    connections: 1,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  expect(database.pool()).toEqual({ total: 0, idle: 0, waiting: 0 })
  const statements = [1, 2, 3].map(() => database.query('SELECT pg_sleep(0.1)'))
  await sleep(50)
  expect(database.pool()).toEqual({ total: 1, idle: 0, waiting: 2 })
  await Promise.all(statements)
  expect(database.pool()).toEqual({ total: 1, idle: 1, waiting: 0 })
  await database.close()
})

test('of two that wait for each other both come through', async () => {
  const database = openDatabase({
    url: postgres.url,
    connections: 2,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  await database.query('CREATE TABLE pair (id int PRIMARY KEY, touched int NOT NULL)')
  await database.query('INSERT INTO pair VALUES (1, 0), (2, 0)')
  const touch = (...ids: readonly number[]) =>
    database.transaction(async (transaction) => {
      for (const id of ids) {
        await transaction.query('UPDATE pair SET touched = touched + 1 WHERE id = $1', [id])
        await sleep(200)
      }
    })
  await Promise.all([touch(1, 2), touch(2, 1)])
  expect(await database.query('SELECT touched FROM pair')).toEqual([{ touched: 2 }, { touched: 2 }])
  const [statistics] = await database.query<{ deadlocks: number }>(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  )
  expect(statistics?.deadlocks).toBe(1)
  await database.close()
})

test('a table that changes under a statement is no reason to fail', async () => {
  const database = openDatabase({
    url: postgres.url,
    connections: 1,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  await database.query('CREATE TABLE wide (id int)')
  const read = () => database.query('SELECT * FROM wide WHERE id > $1', [0])
  await database.query('INSERT INTO wide VALUES (1)')
  expect(await read()).toEqual([{ id: 1 }])
  await database.query('ALTER TABLE wide ADD COLUMN more int')
  expect(await read()).toEqual([{ id: 1, more: null }])
  await database.close()
})
