/** Counts of a batch are kept, not counted: they are those of its recipients at every moment, whoever writes. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RetryClass } from '../src/domain/retryClasses.ts'
import type { LedgerRig } from './ledgerRig.ts'
import { findBatch } from '../src/store/batches.ts'
import { retryFailed } from '../src/store/retries.ts'
import { foldTallies } from '../src/store/tallies.ts'
import { resultOf, startLedgerRig } from './ledgerRig.ts'

let rig: LedgerRig
beforeAll(async () => {
  rig = await startLedgerRig(60_000)
})
afterAll(() => rig.stop())

/** Both ways in one statement, and so of one moment. */
async function differences(batchId: string): Promise<readonly unknown[]> {
  return rig.database.query(
    `WITH counted AS (
       SELECT state, delivery, error_class, error_code, count(*) AS count FROM recipient WHERE batch_id = $1 GROUP BY 1, 2, 3, 4),
     kept AS (
       SELECT state, delivery, error_class, error_code, sum(change) AS count FROM recipient_tally WHERE batch_id = $1
       GROUP BY 1, 2, 3, 4 HAVING sum(change) <> 0)
     (TABLE counted EXCEPT TABLE kept) UNION ALL (TABLE kept EXCEPT TABLE counted)`,
    [batchId],
  )
}

const rowsOf = async (batchId: string): Promise<number> =>
  (await rig.database.query('SELECT FROM recipient_tally WHERE batch_id = $1', [batchId])).length

const CLASSES: readonly RetryClass[] = ['accepted', 'recipient', 'transient', 'ambiguous', 'throttle']
const COUNT = 1_000

/** Claims and results of one worker, chunk after chunk, each class in its turn. */
async function drain(name: string, batchId: string, classes = CLASSES): Promise<void> {
  const worker = rig.workerNamed(name, {}, rig.open())
  for (let chunk = 0; chunk < COUNT / 200; chunk += 1) {
    const work = await worker.begin({ batchId, chunk })
    for (let claimed = work && (await worker.claim(work, 30)); claimed?.length;) {
      const results = claimed.map((one) => {
        const retryClass = classes[one.seq % classes.length] ?? 'accepted'
        return { ...resultOf(one, retryClass), code: `smtp_${one.seq % 3}` }
      })
      await worker.record(results)
      claimed = work && (await worker.claim(work, 30))
    }
    await worker.settle({ batchId, chunk })
  }
}

test('while two workers write and two sum up, the counts are those of the recipients', async () => {
  const id = await rig.newBatch(COUNT)
  expect(await differences(id)).toEqual([])
  let isOver = false
  const hasEnded = () => isOver
  const folders = [rig.open(), rig.open()].map(async (database) => {
    while (!hasEnded()) await foldTallies(database)
  })
  const drained = Promise.all([drain('a', id), drain('b', id)]).then(() => {
    isOver = true
  })
  while (!hasEnded()) expect(await differences(id)).toEqual([])
  await Promise.all([drained, ...folders])
  expect(await differences(id)).toEqual([])
  const batch = await findBatch(rig.database, id)
  expect(batch?.counts).toMatchObject({ pending: 0, sending: 0, sent: 200, failed: 200, uncertain: 200 })
})

test('what is summed up is a row for each group, and a batch at rest is left alone', async () => {
  const id = await rig.newBatch(COUNT)
  await drain('a', id, ['accepted'])
  expect(await rowsOf(id)).toBeGreaterThan(10)
  while ((await foldTallies(rig.database)) > 0);
  expect(await rowsOf(id)).toBe(3)
  const found = await rig.database.query('SELECT xmin::text FROM recipient_tally WHERE batch_id = $1', [id])
  expect(await foldTallies(rig.database)).toBe(0)
  expect(
    await rig.database.query('SELECT xmin::text FROM recipient_tally WHERE batch_id = $1', [id]),
  ).toEqual(found)
  expect((await findBatch(rig.database, id))?.counts.sent).toBe(COUNT)
})

test('the example of a refusal is of a recipient that still has it, summed up or not', async () => {
  const id = await rig.newBatch(COUNT)
  await drain('a', id, ['recipient', 'accepted'])
  while ((await foldTallies(rig.database)) > 0);
  // The one that is named for its group gets a mail after all.
  await rig.database.transaction((transaction) =>
    retryFailed(transaction, id, { addresses: ['r0@example.org'], force: true }),
  )
  await drain('b', id, ['accepted'])
  const batch = await findBatch(rig.database, id)
  const first = batch?.refusals.find(({ errorCode }) => errorCode === 'smtp_0')
  expect(first).toMatchObject({ errorClass: 'recipient', recipients: 166 })
  const [example] = await rig.database.query(
    'SELECT state, error_code FROM recipient WHERE batch_id = $1 AND seq = $2',
    [id, first?.example.seq],
  )
  expect(example).toEqual({ state: 'failed', error_code: 'smtp_0' })
})

test('a batch of an older worker, of which not all is tallied, is counted as before', async () => {
  const id = await rig.newBatch(COUNT)
  await rig.database.query(
    `UPDATE recipient SET state = 'failed', error_class = 'recipient' WHERE batch_id = $1 AND seq = 0`,
    [id],
  )
  await rig.database.query('UPDATE batch SET tallied = false WHERE id = $1', [id])
  await rig.database.query('DELETE FROM recipient_tally WHERE batch_id = $1', [id])
  expect((await findBatch(rig.database, id))?.counts).toMatchObject({ pending: COUNT - 1, failed: 1 })
  await drain('a', id, ['accepted'])
  const batch = await findBatch(rig.database, id)
  expect(batch).toMatchObject({ state: 'completed_with_failures', counts: { sent: COUNT - 1, failed: 1 } })
})
