import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClickhouseServer } from '../../hack/servers/clickhouse.ts'
import type { Rig, WorkerProcess } from './rig.ts'
import { startClickhouse } from '../../hack/servers/clickhouse.ts'
import { deleteOldAudit } from '../src/store/audit.ts'
import { openDatabase } from '../src/store/database.ts'
import { isFinished, startRig, TOKEN } from './rig.ts'
import { until } from './until.ts'

const READER = 'a-token-that-may-only-read'

interface Item {
  readonly id: string
  readonly timestamp: string
  readonly action: string
  readonly userId: string
  readonly resource: string
  readonly metadata: Readonly<Record<string, string | number>>
  readonly ip: string
  readonly userAgent: string
}

let rig: Rig
let clickhouse: ClickhouseServer
let worker: WorkerProcess

beforeAll(async () => {
  ;[rig, clickhouse] = await Promise.all([startRig(), startClickhouse({ username: 'worker', password: 'p' })])
  const hash = createHash('sha256').update(READER).digest('hex')
  await writeFile(join(rig.tokensDir, 'reader'), `sha256:${hash} scopes:batches:read`)
  worker = await rig.worker({
    clickhouseUrl: clickhouse.url,
    clickhouseUsername: 'worker',
    clickhousePassword: 'p',
    clickhouseDatabase: 'mail',
  })
})
afterAll(() => Promise.all([rig.stop(), clickhouse.stop()]))

async function audit(query = ''): Promise<readonly Item[]> {
  const answer = await worker.get(`/v1/audit?limit=1000${query}`)
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { items: Item[] }).items
}

const ask = (method: string, path: string, token: string, body?: unknown) =>
  fetch(`${worker.api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'user-agent': 'audit-test/1',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

const inClickhouse = async () => {
  const client = createClient({ url: clickhouse.url, username: 'worker', password: 'p', log: { level: 127 } })
  try {
    const result = await client.query({
      query: `SELECT toString(id) AS id, action, user_id, resource, metadata, ip, user_agent FROM mail.audit_log`,
      format: 'JSONEachRow',
    })
    return await result.json<Record<string, string>>()
  } finally {
    await client.close()
  }
}
const waiting = async () => {
  const [row] = await rig.sql<{ rows: number }>(
    'SELECT count(*)::int AS rows FROM audit WHERE handed_at IS NULL',
  )
  return row?.rows ?? -1
}

test('whoever changes something is written down, with what, when and from where', async () => {
  const id = await worker.accept(3, 'a')
  await until(() => worker.batch(id), isFinished, worker.log)
  const [created] = await audit('&action=batch.created')
  expect(created).toMatchObject({
    action: 'batch.created',
    userId: 'tester',
    resource: `/v1/batches/${id}`,
    metadata: { recipients: 3, duplicates: 0, requestId: expect.any(String) as string },
    ip: '127.0.0.1',
  })
  expect(Math.abs(Date.now() - Date.parse(created?.timestamp ?? ''))).toBeLessThan(60_000)
})

test('commands and the suppression list are, too; what came to nothing is not', async () => {
  const before = (await audit()).length
  const token = 'a-token-of-the-tests'
  const id = await worker.accept(1, 'b')
  await until(() => worker.batch(id), isFinished, worker.log)
  const path = `/v1/batches/${id}`
  expect((await ask('POST', `${path}/pause`, token)).status).toBe(409)
  // As one that still runs.
  await rig.sql(`UPDATE batch SET state = 'running' WHERE id = $1`, [id])
  expect((await ask('POST', `${path}/pause`, token)).status).toBe(200)
  const address = '/v1/suppressions/gone@example.org'
  expect((await ask('PUT', address, token, { reason: 'manual' })).status).toBe(200)
  expect((await ask('DELETE', address, token)).status).toBe(204)
  expect((await ask('DELETE', address, token)).status).toBe(404)
  const told = (await audit()).slice(0, -before)
  expect(told.map(({ action, resource, userAgent }) => [action, resource, userAgent])).toEqual([
    ['suppression.lifted', address, 'audit-test/1'],
    ['suppression.added', address, 'audit-test/1'],
    ['batch.paused', path, 'audit-test/1'],
    ['batch.created', path, expect.any(String)],
  ])
})

test('whoever is turned away is written down, without the token', async () => {
  expect((await ask('GET', '/v1/batches?secret=x', 'not-a-token')).status).toBe(401)
  expect((await ask('DELETE', '/v1/suppressions/a@b.org', READER)).status).toBe(403)
  const refused = await until(
    () => audit('&action=access.refused'),
    (items) => items.length >= 2,
    worker.log,
  )
  const told = refused.map(({ userId, resource, metadata }) => [userId, resource, metadata['reason']])
  expect(told).toContainEqual(['', '/v1/batches', 'unauthorized'])
  expect(told).toContainEqual(['reader', '/v1/suppressions/a@b.org', 'forbidden'])
  expect(JSON.stringify(refused)).not.toMatch(/not-a-token|secret=x/)
})

test('what changes nothing leaves no second row', async () => {
  const address = '/v1/suppressions/twice@example.org'
  const added = async () =>
    (await audit('&action=suppression.added')).filter(({ resource }) => resource === address).length
  for (const reason of ['manual', 'manual', 'bounce', 'manual'])
    expect((await ask('PUT', address, TOKEN, { reason })).status).toBe(200)
  expect(await added()).toBe(2)
})

test('refusals during an outage of PostgreSQL are written after it, in order', async () => {
  const addresses = [1, 2, 3, 4, 5, 6].map((count) => `/v1/suppressions/outage${count}@example.org`)
  await rig.postgres.kill()
  for (const address of addresses) expect((await ask('DELETE', address, READER)).status).toBe(403)
  await until(
    () => Promise.resolve(worker.log()),
    (log) => log.includes('refused requests cannot be written'),
  )
  await rig.postgres.start()
  const told = await until(
    async () => (await audit('&action=access.refused')).filter(({ resource }) => resource.includes('outage')),
    ({ length }) => length === addresses.length,
    worker.log,
  )
  expect(told.map(({ resource }) => resource).reverse()).toEqual(addresses)
})

test('only an address is taken for the address of a client', async () => {
  const proxied = await rig.worker({ trustedProxies: ['127.0.0.0/8'] })
  for (const from of ['garbage4', 'fe80::1%garbage', '203.0.113.9'])
    await fetch(`${proxied.api}/v1/batches`, {
      headers: { 'x-forwarded-for': from, authorization: 'Bearer x' },
    })
  const told = await until(
    async () => (await audit('&action=access.refused')).slice(0, 3).map(({ ip }) => ip),
    (ips) => ips.includes('203.0.113.9'),
    worker.log,
  )
  expect(told).toEqual(['203.0.113.9', '127.0.0.1', '127.0.0.1'])
  await proxied.kill()
})

test('is read a page at a time, by user, action and time', async () => {
  const all = await audit()
  const pages: Item[] = []
  let cursor = ''
  do {
    const answer = (await (await worker.get(`/v1/audit?limit=2${cursor}`)).json()) as {
      items: Item[]
      next_cursor?: string
    }
    pages.push(...answer.items)
    cursor = answer.next_cursor === undefined ? '' : `&cursor=${answer.next_cursor}`
  } while (cursor !== '')
  expect(pages).toEqual(all)
  expect((await audit('&userId=reader')).every(({ userId }) => userId === 'reader')).toBe(true)
  expect(await audit('&to=2020-01-01T00:00:00Z')).toEqual([])
  expect(await audit('&from=2020-01-01T00:00:00Z')).toEqual(all)
  expect((await worker.get('/v1/audit?from=yesterday')).status).toBe(400)
  expect((await worker.get('/v1/audit?action=nonsense')).status).toBe(400)
  expect((await ask('GET', '/v1/audit', READER)).status).toBe(403)
})

test('keeps to both ends of a time, and to a user and an action at once', async () => {
  const all = await audit()
  const middle = all[Math.floor(all.length / 2)]?.timestamp ?? ''
  const isBefore = ({ timestamp }: Item) => Date.parse(timestamp) < Date.parse(middle)
  const at = encodeURIComponent(middle)
  expect(await audit(`&from=${at}`)).toEqual(all.filter((item) => !isBefore(item)))
  expect(await audit(`&to=${at}`)).toEqual(all.filter(isBefore))
  const added = all.filter(({ action, userId }) => action === 'suppression.added' && userId === 'tester')
  expect(added.length).toBeLessThan(all.filter(({ userId }) => userId === 'tester').length)
  expect(await audit('&userId=tester&action=suppression.added')).toEqual(added)
})

test('keeps no more of a name than a person reads', async () => {
  const headers = { authorization: `Bearer ${TOKEN}`, 'user-agent': 'x'.repeat(600) }
  const address = `${worker.api}/v1/suppressions/long@example.org`
  const body = JSON.stringify({ reason: 'manual' })
  const put = { method: 'PUT', headers: { ...headers, 'content-type': 'application/json' }, body }
  expect((await fetch(address, put)).status).toBe(200)
  const [added] = await audit('&action=suppression.added')
  expect(added?.userAgent).toBe('x'.repeat(500))
})

test('every row reaches ClickHouse once, through an outage and a kill', async () => {
  await until(waiting, (rows) => rows === 0, worker.log)
  await clickhouse.kill()
  for (let count = 0; count < 5; count += 1) await worker.accept(1, `during${count}`)
  expect(await waiting()).toBeGreaterThanOrEqual(5)
  await worker.kill()
  await clickhouse.start()
  await worker.start()
  await until(waiting, (rows) => rows === 0, worker.log)
  // As after a kill between an insert and its being ticked off: the same lot is inserted again.
  await rig.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'not now'; END $$`)
  await rig.sql('CREATE TRIGGER refuse BEFORE DELETE ON audit_flush FOR EACH ROW EXECUTE FUNCTION refuse()')
  await worker.accept(1, 'again')
  const tries = () => Promise.resolve(worker.log().split('rows wait for ClickHouse').length)
  const before = await tries()
  await until(tries, (count) => count >= before + 2, worker.log)
  await rig.sql('DROP TRIGGER refuse ON audit_flush')
  await until(waiting, (rows) => rows === 0, worker.log)
  const told = await audit()
  const rows = await inClickhouse()
  expect(rows.map(({ id }) => id).sort()).toEqual(told.map(({ id }) => id).sort())
  expect(rows.find(({ id }) => id === told[0]?.id)).toMatchObject({
    action: told[0]?.action,
    user_id: told[0]?.userId,
    resource: told[0]?.resource,
    ip: told[0]?.ip,
  })
})

test('goes after ninety days, but not before ClickHouse has it', async () => {
  const database = openDatabase({
    url: rig.postgres.url,
    connections: 1,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  await worker.kill()
  const ids = await rig.sql<{ id: string }>('SELECT id FROM audit ORDER BY id LIMIT 2')
  const [first, second] = ids.map(({ id }) => id)
  await rig.sql(`UPDATE audit SET at = now() - interval '91 days' WHERE id = ANY($1)`, [[first, second]])
  await rig.sql('UPDATE audit SET handed_at = NULL WHERE id = $1', [second])
  await deleteOldAudit(database, true)
  const left = async () => (await rig.sql<{ id: string }>('SELECT id FROM audit')).map(({ id }) => id)
  expect(await left()).not.toContain(first)
  expect(await left()).toContain(second)
  await deleteOldAudit(database, false)
  expect(await left()).not.toContain(second)
  await database.close()
})
