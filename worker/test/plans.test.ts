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

/** Sends a whole batch. @returns rows that were read meanwhile, of each table and recipient */
async function rowsRead(batchId: string, count: number): Promise<Readonly<Record<string, number>>> {
  const before = await readSoFar()
  // One connection, so that what it has read is told when it is asked for.
  const database = rig.open({ connections: 1 })
  const worker = rig.workerNamed('w', {}, database)
  for (let chunk = 0; chunk < count / CHUNK; chunk += 1) {
    const work = (await worker.begin({ batchId, chunk })) ?? expect.fail('nothing to do')
    for (
      let claimed = await worker.claim(work, 50);
      claimed.length > 0;
      claimed = await worker.claim(work, 50)
    )
      await worker.record(claimed.map((one) => resultOf(one, 'accepted')))
    await worker.settle({ batchId, chunk })
  }
  await database.query('SELECT pg_stat_force_next_flush()')
  const after = await readSoFar()
  return Object.fromEntries(
    Object.entries(after).map(([table, rows]) => [table, (rows - (before[table] ?? 0)) / count]),
  )
}

async function readSoFar(): Promise<Readonly<Record<string, number>>> {
  const rows = await rig.database.query<{ relname: string; read: number }>(
    `SELECT relname, (COALESCE(idx_tup_fetch, 0) + seq_tup_read)::float8 AS read FROM pg_stat_user_tables`,
  )
  return Object.fromEntries(rows.map(({ relname, read }) => [relname, read]))
}

test('a new batch beside analysed ones of the past reads a few rows for each of its recipients', async () => {
  for (const prefix of ['past', 'before']) await rig.newBatch(5_000, prefix)
  await rig.database.query('ANALYZE')
  const count = 4_000
  const read = await rowsRead(await rig.newBatch(count), count)
  // Claims that read their batch from end to end: hundreds.
  const most = Object.entries(read).filter(([, rows]) => rows > 20)
  expect(most).toEqual([])
  expect(await rig.database.query(`SELECT DISTINCT state FROM batch WHERE recipients = $1`, [count])).toEqual(
    [{ state: 'completed' }],
  )
})
