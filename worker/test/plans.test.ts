/** What a batch costs depends on its size, and neither on those of the past nor on when they were analysed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LedgerRig } from './ledgerRig.ts'
import { resultOf, startLedgerRig } from './ledgerRig.ts'

let rig: LedgerRig
beforeAll(async () => {
  rig = await startLedgerRig(60_000)
})
afterAll(() => rig.stop())

const CHUNK = 200
/** For each recipient: claims that read their batch, or all of them, from end to end read hundreds. */
const MOST_ROWS = 20

function newWorker() {
  // One connection, so that what it has read is told when it is asked for.
  const database = rig.open({ connections: 1 })
  return { database, ledger: rig.workerNamed('w', {}, database) }
}

/** Sends a whole batch. @returns tables of which more than a few rows were read for each recipient, and how many */
async function readTooOften(
  { database, ledger }: ReturnType<typeof newWorker>,
  count: number,
  prefix: string,
): Promise<readonly (readonly [string, number])[]> {
  const batchId = await rig.newBatch(count, prefix)
  const before = await readSoFar()
  for (let chunk = 0; chunk < count / CHUNK; chunk += 1) {
    const work = (await ledger.begin({ batchId, chunk })) ?? expect.fail('nothing to do')
    const next = () => ledger.claim(work, 50)
    for (let claimed = await next(); claimed.length > 0; claimed = await next())
      await ledger.record(claimed.map((one) => resultOf(one, 'accepted')))
    await ledger.settle({ batchId, chunk })
  }
  await database.query('SELECT pg_stat_force_next_flush()')
  const after = await readSoFar()
  const [batch] = await rig.database.query('SELECT state FROM batch WHERE id = $1', [batchId])
  expect(batch).toEqual({ state: 'completed' })
  return [...after]
    .map(([table, rows]) => [table, (rows - (before.get(table) ?? 0)) / count] as const)
    .filter(([, rows]) => rows > MOST_ROWS)
}

async function readSoFar(): Promise<ReadonlyMap<string, number>> {
  const rows = await rig.database.query<{ relname: string; read: number }>(
    `SELECT relname, (COALESCE(idx_tup_fetch, 0) + seq_tup_read)::float8 AS read FROM pg_stat_user_tables`,
  )
  return new Map(rows.map(({ relname, read }) => [relname, read]))
}

test('a large batch is not sent by the plans of small ones before it', async () => {
  const worker = newWorker()
  for (const prefix of ['a', 'b']) await readTooOften(worker, 400, prefix)
  expect(await readTooOften(worker, 8_000, 'large')).toEqual([])
})

test('a new batch is not taken for empty beside analysed ones of the past', async () => {
  for (const prefix of ['past', 'before']) await rig.newBatch(5_000, prefix)
  await rig.database.query('ANALYZE')
  expect(await readTooOften(newWorker(), 4_000, 'new')).toEqual([])
})
