/** Two workers and one chunk: a result that comes after its lease was lost, on a real PostgreSQL. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contradicted } from '../src/store/contradictions.ts'
import type { LedgerOptions } from '../src/store/ledger.ts'
import type { Database } from '../src/store/database.ts'
import type { PostgresServer } from '../../hack/servers/postgres.ts'
import type { LedgerRig } from './ledgerRig.ts'
import { findBatch } from '../src/store/batches.ts'
import { batchStore } from '../src/store/batchStore.ts'
import { retryFailed } from '../src/store/retries.ts'
import { claimAll, resultOf, startLedgerRig } from './ledgerRig.ts'

const LEASE_MS = 200
let rig: LedgerRig
let postgres: PostgresServer
let database: Database

beforeAll(async () => {
  rig = await startLedgerRig(LEASE_MS)
  postgres = rig.postgres
  database = rig.database
})
afterAll(() => rig.stop())

const workerNamed = (worker: string, more: Partial<LedgerOptions> = {}) => rig.workerNamed(worker, more)
const newBatch = (count: number) => rig.newBatch(count)

const resend = () => Promise.resolve('Resend' as const)

const cancel = (batchId: string) =>
  batchStore(database, { onDue: () => undefined, events: true }).command(batchId, 'cancel', {
    action: 'batch.cancelled',
    userId: 'u',
    resource: batchId,
    metadata: {},
    ip: '',
    userAgent: '',
  })

const resolve = (batchId: string, as: 'sent' | 'failed' | 'retry') =>
  batchStore(database, { onDue: () => undefined, events: true }).resolve(
    batchId,
    { as, addresses: undefined, userId: 'somebody' },
    () => ({
      action: 'batch.uncertain-resolved',
      userId: 'somebody',
      resource: batchId,
      metadata: {},
      ip: '',
      userAgent: '',
    }),
  )

const attemptsOf = (batchId: string) =>
  database.query(
    'SELECT attempt, outcome, worker FROM attempt WHERE batch_id = $1 ORDER BY recorded_at, attempt, outcome',
    [batchId],
  )

const counts = async (batchId: string) => (await findBatch(database, batchId))?.counts

/** A claims, its lease ends, B judges and ends the chunk. */
async function judgedByAnother(options: Partial<LedgerOptions> = {}) {
  const id = await newBatch(1)
  const [a, b] = [workerNamed('a', options), workerNamed('b', options)]
  const [claimed] = await claimAll(a, id)
  if (!claimed) throw new Error('nothing was claimed')
  await sleep(LEASE_MS + 50)
  await b.begin({ batchId: id, chunk: 0 })
  return { id, a, b, claimed, settled: await b.settle({ batchId: id, chunk: 0 }) }
}

test('one that is to be tried again after all opens the batch that had ended without it', async () => {
  const { id, a, b, claimed, settled } = await judgedByAnother()
  expect(settled).toEqual({ done: true })
  expect(await findBatch(database, id)).toMatchObject({ state: 'completed_with_failures' })
  expect(await a.record([resultOf(claimed, 'unreachable')])).toBe(1)
  expect(await findBatch(database, id)).toMatchObject({ state: 'running', finishedAt: null })
  await database.query('UPDATE recipient SET due_at = now() WHERE batch_id = $1', [id])
  const [again] = await claimAll(b, id)
  if (!again) throw new Error('it was not claimed again')
  expect(await b.record([resultOf(again, 'accepted')])).toBe(1)
  expect(await b.settle({ batchId: id, chunk: 0 })).toEqual({ done: true })
  expect(await findBatch(database, id)).toMatchObject({ state: 'completed', counts: { sent: 1 } })
})

test('one that turns out to be sent is, and the batch stays ended', async () => {
  const { id, a, claimed } = await judgedByAnother()
  expect(await a.record([resultOf(claimed, 'accepted')])).toBe(1)
  expect(await findBatch(database, id)).toMatchObject({
    state: 'completed_with_failures',
    counts: { sent: 1 },
  })
  expect(await a.record([resultOf(claimed, 'accepted')])).toBe(0)
})

test('one that waits to be sent again is not, once it is known that it was', async () => {
  const { id, a, b, claimed } = await judgedByAnother({ onUncertain: resend })
  expect(await counts(id)).toMatchObject({ deferred: 1 })
  expect(await a.record([resultOf(claimed, 'accepted', 'Resend')])).toBe(1)
  expect(await claimAll(b, id)).toEqual([])
  expect(await counts(id)).toMatchObject({ sent: 1 })
})

test('a claim that came after the judgement is fenced from the first result', async () => {
  const { id, a, b, claimed } = await judgedByAnother({ onUncertain: resend })
  expect(await claimAll(b, id)).toHaveLength(1)
  expect(await a.record([resultOf(claimed, 'accepted', 'Resend')])).toBe(0)
  expect(await counts(id)).toMatchObject({ sending: 1 })
})

test.each([
  {
    why: 'a later attempt is refused',
    end: 'refuse' as const,
    repeatableMs: undefined,
    becomes: 'uncertain',
  },
  { why: 'the batch is cancelled', end: 'cancel' as const, repeatableMs: undefined, becomes: 'uncertain' },
  { why: 'the sender is refused', end: 'fail' as const, repeatableMs: undefined, becomes: 'uncertain' },
  {
    why: 'a provider that tells repetitions apart refuses the mail',
    end: 'refuse' as const,
    repeatableMs: 1e9,
    becomes: 'failed',
  },
])('of whom a mail may have gone is $becomes when $why', async ({ end, repeatableMs, becomes }) => {
  const { id, b } = await judgedByAnother({ onUncertain: resend, repeatableMs })
  if (end === 'cancel') await cancel(id)
  else if (end === 'fail') await b.failBatch({ batchId: id, run: 0 }, 'sender', 'smtp_550')
  else {
    const [again] = await claimAll(b, id)
    if (!again) throw new Error('it was not claimed again')
    await b.record([resultOf(again, 'recipient', 'Resend')])
  }
  expect(await counts(id)).toMatchObject({ [becomes]: 1 })
})

test('a sender that was refused before a batch was told to run again does not end the new run', async () => {
  const id = await newBatch(10)
  const a = workerNamed('a')
  const work = await a.begin({ batchId: id, chunk: 0 })
  if (!work) throw new Error('nothing is to be sent')
  await a.failBatch(work, 'sender', 'smtp_550')
  expect(await counts(id)).toMatchObject({ failed: 10 })
  expect(await database.transaction((each) => retryFailed(each, id))).toBe(10)
  // What was on its way then is told late.
  await a.failBatch(work, 'sender', 'smtp_550')
  expect(await findBatch(database, id)).toMatchObject({ state: 'running', counts: { pending: 10 } })
  const again = await a.begin({ batchId: id, chunk: 0 })
  if (!again) throw new Error('nothing is to be sent again')
  await a.failBatch(again, 'sender', 'smtp_550')
  expect(await findBatch(database, id)).toMatchObject({ state: 'failed', counts: { failed: 10 } })
})

test('a cancellation ends what nobody holds, is seen at once, and waits for nobody', async () => {
  const id = await newBatch(1_000)
  const a = workerNamed('a')
  const claimed = await claimAll(a, id)
  const holder = new Client({ connectionString: postgres.url })
  await holder.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT FROM recipient WHERE batch_id = $1 AND seq = 999 FOR UPDATE', [id])
  await cancel(id)
  expect(await counts(id)).toMatchObject({ cancelled: 899, sending: 100, pending: 1 })
  expect(await claimAll(workerNamed('b'), id, 4)).toEqual([])
  await holder.query('ROLLBACK')
  await holder.end()
  expect(await a.record(claimed.map((each) => resultOf(each, 'accepted')))).toBe(100)
  await workerNamed('b').settle({ batchId: id, chunk: 4 })
  expect(await counts(id)).toMatchObject({ cancelled: 900, sent: 100, pending: 0 })
})

test.each(['sender', 'recipient'] as const)(
  'one that turns out to be refused as %s after its lease was lost got no mail and can be tried again',
  async (retryClass) => {
    const { id, a, claimed } = await judgedByAnother()
    expect(await a.record([resultOf(claimed, retryClass)])).toBe(1)
    expect(await counts(id)).toMatchObject({ failed: 1 })
    const force = retryClass === 'recipient'
    expect(await database.transaction((transaction) => retryFailed(transaction, id, { force }))).toBe(1)
  },
)

test('a doubt that a person ended is no refusal: nobody of whom a mail may have gone is tried again', async () => {
  const { id } = await judgedByAnother()
  expect(await resolve(id, 'failed')).toBe(1)
  expect(await database.transaction((transaction) => retryFailed(transaction, id, { force: true }))).toBe(0)
})

test('a mail that went after a person had said that it did not is sent, and the contradiction is told', async () => {
  const told: Contradicted[] = []
  const onContradiction = (recipients: readonly Contradicted[]) => void told.push(...recipients)
  const { id, a, claimed } = await judgedByAnother({ onContradiction })
  expect(await resolve(id, 'failed')).toBe(1)
  expect(await a.record([resultOf(claimed, 'accepted')])).toBe(1)
  expect(await findBatch(database, id)).toMatchObject({ state: 'completed', counts: { sent: 1, failed: 0 } })
  expect(await database.query('SELECT error_code FROM recipient WHERE batch_id = $1', [id])).toEqual([
    { error_code: 'sent_after_all' },
  ])
  expect(await attemptsOf(id)).toEqual([
    { attempt: 1, outcome: 'lost', worker: claimed.holder },
    { attempt: 1, outcome: 'recipient', worker: 'somebody' },
    { attempt: 1, outcome: 'accepted', worker: claimed.holder },
  ])
  expect(told).toEqual([{ batchId: id, seq: 0, attempt: 1, was: 'failed' }])
  expect(await a.record([resultOf(claimed, 'accepted')])).toBe(0)
  expect(told).toHaveLength(1)
})

test('a mail that went while it waited to be sent once more by hand is not sent once more', async () => {
  const { id, a, b, claimed } = await judgedByAnother()
  expect(await resolve(id, 'retry')).toBe(1)
  expect(await a.record([resultOf(claimed, 'accepted')])).toBe(1)
  expect(await claimAll(b, id)).toEqual([])
  expect(await counts(id)).toMatchObject({ sent: 1 })
})

test('of two mails to one recipient both are on record, and a refusal of the second makes nobody failed', async () => {
  const told: Contradicted[] = []
  const onContradiction = (recipients: readonly Contradicted[]) => void told.push(...recipients)
  const { id, a, b, claimed } = await judgedByAnother({ onUncertain: resend, onContradiction })
  const [again] = await claimAll(b, id)
  if (!again) throw new Error('it was not claimed again')
  expect(await a.record([resultOf(claimed, 'accepted', 'Resend')])).toBe(0)
  expect(told).toEqual([{ batchId: id, seq: 0, attempt: 1, was: 'sending' }])
  expect(await b.record([resultOf(again, 'recipient', 'Resend')])).toBe(1)
  expect(await counts(id)).toMatchObject({ sent: 1, failed: 0 })
})

test('a mail that went under a claim that the server has forgotten is sent, whatever the server believed', async () => {
  const told: Contradicted[] = []
  const id = await newBatch(2)
  const a = workerNamed('a', { onContradiction: (recipients) => void told.push(...recipients) })
  const claimed = await claimAll(a, id)
  await database.query(
    `UPDATE recipient SET state = 'pending', attempt = 0, worker = NULL, lease_until = NULL WHERE batch_id = $1`,
    [id],
  )
  expect(await a.record(claimed.map((each) => resultOf(each, 'accepted')))).toBe(2)
  expect(await counts(id)).toMatchObject({ sent: 2, pending: 0 })
  expect(told.map(({ was }) => was)).toEqual(['pending', 'pending'])
})
