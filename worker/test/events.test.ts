import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClickhouseServer } from '../../hack/servers/clickhouse.ts'
import type { Rig, WorkerProcess } from './rig.ts'
import { startClickhouse } from '../../hack/servers/clickhouse.ts'
import { startTlsFront } from '../../hack/servers/tlsFront.ts'
import { isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
let clickhouse: ClickhouseServer
let worker: WorkerProcess

beforeAll(async () => {
  ;[rig, clickhouse] = await Promise.all([startRig(), startClickhouse({ username: 'worker', password: 'p' })])
  worker = await rig.worker({
    clickhouseUrl: clickhouse.url,
    clickhouseUsername: 'worker',
    clickhousePassword: 'p',
    clickhouseDatabase: 'mail',
  })
})
afterAll(() => Promise.all([rig.stop(), clickhouse.stop()]))

const eventsOf = async (id: string) => {
  const client = createClient({ url: clickhouse.url, username: 'worker', password: 'p', log: { level: 127 } })
  try {
    const result = await client.query({
      query: `SELECT event, count() AS n, uniqExact(recipient) AS recipients FROM mail.email_events
              WHERE batch_id = {id:UUID} GROUP BY event ORDER BY event`,
      query_params: { id },
      format: 'JSONEachRow',
    })
    return await result.json<{ event: string; n: number; recipients: number }>()
  } finally {
    await client.close()
  }
}
const outbox = async () => {
  const [row] = await rig.sql<{ rows: number }>('SELECT count(*)::int AS rows FROM event')
  return row?.rows ?? -1
}

test('every outcome becomes an event', async () => {
  await rig.sink.behave([
    { address: 'e1@example.org', at: 'rcpt', code: 451, times: 1 },
    { address: 'e2@example.org', at: 'rcpt', code: 550 },
  ])
  await rig.sql(`INSERT INTO suppression (address_norm, reason) VALUES ('e3@example.org', 'complaint')`)
  const id = await worker.accept(10, 'e')
  await until(() => worker.batch(id), isFinished, worker.log)
  await until(outbox, (rows) => rows === 0, worker.log)
  expect(await eventsOf(id)).toEqual([
    { event: 'deferred', n: 1, recipients: 1 },
    { event: 'failed', n: 1, recipients: 1 },
    { event: 'sent', n: 8, recipients: 8 },
    { event: 'suppressed', n: 1, recipients: 1 },
  ])
})

test('an outage of ClickHouse delays events and neither loses nor repeats one', async () => {
  const first = await worker.accept(500, 'before')
  await until(
    () => rig.sink.count(),
    (count) => count > 200,
    worker.log,
  )
  await clickhouse.kill()
  const second = await worker.accept(500, 'during')
  await until(() => worker.batch(second), isFinished, worker.log)
  expect(await outbox()).toBeGreaterThanOrEqual(500)
  await worker.kill()
  await clickhouse.start()
  await worker.start()
  await until(() => worker.batch(first), isFinished, worker.log)
  await until(outbox, (rows) => rows === 0, worker.log)
  expect(await eventsOf(first)).toEqual([{ event: 'sent', n: 500, recipients: 500 }])
  expect(await eventsOf(second)).toEqual([{ event: 'sent', n: 500, recipients: 500 }])
})

test('a lot that arrived but was not ticked off is not counted twice', async () => {
  const id = await worker.accept(100, 'lot')
  await rig.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'not now'; END $$`)
  await rig.sql('CREATE TRIGGER refuse BEFORE DELETE ON event_flush FOR EACH ROW EXECUTE FUNCTION refuse()')
  await until(() => worker.batch(id), isFinished, worker.log)
  await until(
    () => eventsOf(id),
    (events) => (events[0]?.n ?? 0) > 0,
    worker.log,
  )
  const warned = () => worker.log().split('rows wait for ClickHouse').length
  const before = warned()
  await until(
    () => Promise.resolve(warned()),
    (count) => count >= before + 2,
    worker.log,
  )
  await rig.sql('DROP TRIGGER refuse ON event_flush')
  await until(outbox, (rows) => rows === 0, worker.log)
  expect(await eventsOf(id)).toEqual([{ event: 'sent', n: 100, recipients: 100 }])
})

test('rows wait for tables that somebody else makes, on a server of a private authority', async () => {
  await worker.kill()
  const front = await startTlsFront(Number(new URL(clickhouse.url).port))
  const client = createClient({ url: clickhouse.url, username: 'worker', password: 'p', log: { level: 127 } })
  const settings = {
    clickhouseUrl: front.url,
    clickhouseUsername: 'worker',
    clickhousePassword: 'p',
    clickhouseDatabase: 'mail',
    clickhouseTables: 'Expect',
  } as const
  try {
    await client.command({ query: 'RENAME TABLE mail.email_events TO mail.put_away' })
    const distrustful = await rig.worker(settings)
    const id = await distrustful.accept(50, 'wait')
    await until(() => distrustful.batch(id), isFinished, distrustful.log)
    await until(
      () => Promise.resolve(distrustful.log()),
      (log) => log.includes('unable to verify the first certificate'),
      distrustful.log,
    )
    await distrustful.kill()

    const waiting = await rig.worker({ ...settings, clickhouseCa: front.ca })
    await until(
      () => Promise.resolve(waiting.log()),
      (log) => log.includes('mail.email_events does not exist'),
      waiting.log,
    )
    expect(await outbox()).toBeGreaterThanOrEqual(50)
    await client.command({ query: 'RENAME TABLE mail.put_away TO mail.email_events' })
    await until(outbox, (rows) => rows === 0, waiting.log)
    expect(await eventsOf(id)).toEqual([{ event: 'sent', n: 50, recipients: 50 }])
  } finally {
    await client.close()
    await front.close()
  }
})
