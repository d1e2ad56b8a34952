/** A worker whose way to PostgreSQL leads through a pooler that gives each transaction another connection. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pgbouncer } from '../../hack/servers/pgbouncer.ts'
import type { Rig } from './rig.ts'
import { startPgbouncer } from '../../hack/servers/pgbouncer.ts'
import { openDatabase } from '../src/store/database.ts'
import type { BatchView } from './rig.ts'
import { atTheSink, batchOf, isFinished, startRig, TOKEN } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
let pooler: Pgbouncer

beforeAll(async () => {
  rig = await startRig()
  pooler = await startPgbouncer(rig.postgres.url, 2)
})
afterAll(async () => {
  await rig.stop()
  await pooler.stop()
})

test('statements lose their names, and none is lost with them', async () => {
  const database = openDatabase({
    url: pooler.url,
    connections: 6,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  const lane = async (lane: number) => {
    for (let turn = 0; turn < 20; turn += 1) {
      const value = lane * 100 + turn
      const [row] = await database.transaction(async (transaction) => {
        await transaction.query('SELECT $1::int', [value])
        return transaction.query<{ twice: number }>('SELECT $1::int * 2 AS twice', [value])
      })
      expect(row).toEqual({ twice: value * 2 })
      expect(await database.query('SELECT $1::int AS once', [value])).toEqual([{ once: value }])
    }
  }
  await Promise.all(Array.from({ length: 6 }, (_, index) => lane(index)))
  await database.close()
})

test('a batch is sent, each mail once', async () => {
  const before = await rig.sink.count()
  const worker = await rig.worker({ postgresUrl: pooler.url })
  const id = await worker.accept(1_000, 'pooled')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 1_000 } })
  const { distinct, duplicates } = await atTheSink(rig.sink, before)
  expect([distinct.size, duplicates]).toEqual([1_000, 0])
})

test('a campaign is copied through it', async () => {
  const worker = await rig.worker({ postgresUrl: pooler.url })
  const { recipients, ...content } = batchOf(5_000, 'campaign')
  const { id } = (await (await worker.post({ ...content, state: 'open' })).json()) as BatchView
  const answer = await fetch(`${worker.api}/v1/batches/${id}/recipients`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/x-ndjson' },
    body: recipients.map((recipient) => JSON.stringify(recipient)).join('\n'),
  })
  expect(await answer.json()).toMatchObject({ offset: 5_000, recipients: 5_000 })
  expect(await worker.batch(id)).toMatchObject({ state: 'open', recipients: 5_000 })
})
