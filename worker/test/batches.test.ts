import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BatchView, Rig, WorkerProcess } from './rig.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { openDatabase } from '../src/store/database.ts'
import { ledger } from '../src/store/ledger.ts'
import { retryFailed } from '../src/store/retries.ts'
import { atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'
import { typed } from './terminal.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
})
afterAll(() => rig.stop())
beforeEach(() => rig.sink.behave([]))

interface Listed {
  readonly items: BatchView[]
  readonly has_more: boolean
  readonly next_cursor?: string
}

const list = async (query: string): Promise<Listed> =>
  (await (await worker.get(`/v1/batches?${query}`)).json()) as Listed

async function all(query: string): Promise<string[]> {
  const ids: string[] = []
  for (let more = query; more !== '';) {
    const page = await list(more)
    ids.push(...page.items.map(({ id }) => id))
    more = page.has_more ? `${query}&cursor=${page.next_cursor}` : ''
  }
  return ids
}

test('batches are listed from the newest, page by page, also those of one instant', async () => {
  const ids: string[] = []
  for (let index = 0; index < 7; index += 1) ids.push(await worker.accept(1, `l${index}`))
  for (const id of ids) await until(() => worker.batch(id), isFinished, worker.log)
  await rig.sql(`UPDATE batch SET created_at = '2026-01-01T00:00:00.123456Z' WHERE id = ANY($1)`, [
    ids.slice(0, 4),
  ])
  await rig.sql(`UPDATE batch SET created_at = '2026-01-01T00:00:00.123457Z' WHERE id = $1`, [ids[4]])
  const listed = await all('limit=2')
  expect(listed.slice(0, 3)).toEqual([ids[6], ids[5], ids[4]])
  expect(listed.slice(3)).toEqual(ids.slice(0, 4).sort().reverse())
  expect((await list('limit=1')).items[0]).toMatchObject({ state: 'completed', recipients: 1, retries: 0 })
})

test('batches are listed by state', async () => {
  await rig.sink.behave([{ address: 'bad0@example.org', at: 'rcpt', code: 550 }])
  const id = await worker.accept(1, 'bad')
  await until(() => worker.batch(id), isFinished, worker.log)
  expect(await all('state=completed_with_failures')).toEqual([id])
  expect(await all('state=paused')).toEqual([])
  for (const wrong of ['state=unknown', 'limit=1001', 'cursor=YWZ0ZXIgMSAy', 'page=2']) {
    expect((await worker.get(`/v1/batches?${wrong}`)).status).toBe(400)
  }
})

test('a batch whose sender was refused runs again when it is asked to, and nobody gets two mails', async () => {
  const before = await rig.sink.count()
  await rig.sink.behave([{ address: 'sender@example.org', at: 'mail', code: 550 }])
  const id = await worker.accept(450, 'again')
  await until(
    () => worker.batch(id),
    ({ state, counts }) => state === 'failed' && counts.failed === 450,
    worker.log,
  )
  await rig.sink.behave([])
  const answer = await typed(worker, procedure('docs/http.md#retry-failed'), { BATCH: id })
  expect(JSON.parse(answer)).toMatchObject({ state: 'running', retried: 450, retries: 1 })
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 450, failed: 0 } })
  expect(batch).not.toHaveProperty('errorCode')
  const { distinct, duplicates } = await atTheSink(rig.sink, before)
  expect([distinct.size, duplicates]).toEqual([450, 0])
})

test('sent, uncertain, suppressed and finally refused recipients are left alone', async () => {
  await rig.sql(`INSERT INTO suppression (address_norm, reason) VALUES ('mix3@example.org', 'manual')`)
  await rig.sink.behave([
    { address: 'mix1@example.org', at: 'rcpt', code: 550 },
    { address: 'mix2@example.org', at: 'data', drop: true },
  ])
  const id = await worker.accept(6, 'mix')
  await until(() => worker.batch(id), isFinished, worker.log)
  await rig.sql(
    `UPDATE recipient SET state = 'failed', error_class = 'transient' WHERE batch_id = $1 AND seq IN (4, 5)`,
    [id],
  )
  await rig.sql(`UPDATE attempt SET outcome = 'transient' WHERE batch_id = $1 AND seq = 4`, [id])
  const before = await rig.sink.count()
  await rig.sink.behave([])
  expect(await (await worker.command(id, 'retry-failed')).json()).toMatchObject({ retried: 1 })
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ counts: { sent: 2, failed: 2, uncertain: 1, suppressed: 1 } })
  const { messages } = await atTheSink(rig.sink, before)
  expect(messages.map(({ recipient }) => recipient)).toEqual(['mix4@example.org'])
  expect(await (await worker.command(id, 'retry-failed')).json()).toMatchObject({
    state: 'completed_with_failures',
    retried: 0,
    retries: 1,
  })
})

test('only a batch that has ended and was not cancelled runs again', async () => {
  await rig.sink.behave([{ address: '*', at: 'rcpt', code: 451 }])
  const id = await worker.accept(2, 'open')
  expect((await worker.command(id, 'retry-failed')).status).toBe(409)
  await worker.command(id, 'cancel')
  expect((await worker.command(id, 'retry-failed')).status).toBe(409)
  expect((await worker.command(crypto.randomUUID(), 'retry-failed')).status).toBe(404)
})

test('a worker that still settles the old run does not end the new one', async () => {
  await rig.sink.behave([{ address: 'old0@example.org', at: 'rcpt', code: 550 }])
  const id = await worker.accept(1, 'old')
  await until(() => worker.batch(id), isFinished, worker.log)
  await rig.sql(`UPDATE recipient SET error_class = 'transient' WHERE batch_id = $1`, [id])
  const database = openDatabase({
    url: rig.postgres.url,
    connections: 2,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
  await worker.kill()
  let statements = 0
  const settling = ledger(
    {
      ...database,
      query: async (text, values) => {
        const rows = await database.query<never>(text, values)
        statements += 1
        if (statements === 1) expect(await database.transaction((each) => retryFailed(each, id))).toBe(1)
        return rows
      },
    },
    {
      worker: 'late',
      leaseMs: 1_000,
      provider: 'smtp',
      onUncertain: () => Promise.resolve('Hold'),
      repeatableMs: undefined,
      deadAfter: 10,
      events: false,
    },
  )
  expect(await settling.settle({ batchId: id, chunk: 0 })).toMatchObject({ done: false })
  expect(await rig.sql('SELECT done FROM chunk WHERE batch_id = $1', [id])).toEqual([{ done: false }])
  expect(await rig.sql('SELECT state FROM batch WHERE id = $1', [id])).toEqual([{ state: 'running' }])
  await database.close()
  await rig.sink.behave([])
  await worker.start()
  expect(await until(() => worker.batch(id), isFinished, worker.log)).toMatchObject({ counts: { sent: 1 } })
})
