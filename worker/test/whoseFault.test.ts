/** What refusals leave in a real PostgreSQL: addresses that are not there, and how old the refusals of a recipient are. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { LedgerRig } from './ledgerRig.ts'
import type { Claimed, Result } from '../src/sending/ports.ts'
import type { Reply } from '../src/domain/reply.ts'
import type { RetryClass } from '../src/domain/retryClasses.ts'
import { claimAll, resultOf, startLedgerRig } from './ledgerRig.ts'
import { resolveUncertain } from '../src/store/resolutions.ts'
import { retryFailed } from '../src/store/retries.ts'

let rig: LedgerRig

beforeAll(async () => {
  rig = await startLedgerRig(60_000)
})
afterAll(() => rig.stop())
beforeEach(() => rig.database.query('DELETE FROM suppression'))

const said = (claimed: Claimed, retryClass: RetryClass, reply: Reply): Result => ({
  ...resultOf(claimed, retryClass),
  code: `smtp_${reply.replyCode ?? 0}`,
  reply,
})
const suppressed = () =>
  rig.database.query('SELECT address_norm AS address, reason, detail FROM suppression ORDER BY 1')
const firstTried = (id: string) =>
  rig.database.query<{ at: Date | null }>('SELECT first_tried_at AS at FROM recipient WHERE batch_id = $1', [
    id,
  ])
const age = (id: string, hours: number) =>
  rig.database.query(
    `UPDATE recipient SET first_tried_at = now() - make_interval(hours => $2), due_at = now() WHERE batch_id = $1`,
    [id, hours],
  )

test.each([
  ['5.1.1', 'rcpt', true],
  ['5.1.3', 'rcpt', true],
  ['5.1.6', 'rcpt', true],
  ['5.1.10', 'rcpt', true],
  ['5.1.1', 'end_of_data', true],
  ['5.1.2', 'rcpt', false],
  ['5.1.0', 'rcpt', false],
  ['5.2.1', 'rcpt', false],
  ['5.1.1', 'mail', false],
  [undefined, 'rcpt', false],
] as const)('a refusal with %s at %s suppresses the address: %s', async (enhancedCode, stage, isListed) => {
  const worker = rig.workerNamed('a')
  const id = await rig.newBatch(2)
  await rig.database.query(
    `UPDATE recipient SET address_norm = 'norm-' || address_norm WHERE batch_id = $1`,
    [id],
  )
  const [gone, there] = await claimAll(worker, id)
  if (!gone || !there) throw new Error('not claimed')
  const reply = { stage, replyCode: 550, ...(enhancedCode !== undefined && { enhancedCode }), detail: 'no' }
  await worker.record([said(gone, 'recipient', reply), resultOf(there, 'accepted')])
  // Its spelling is listed beside it, for workers of a version before.
  expect((await suppressed()).filter(({ address }) => String(address).startsWith('norm-'))).toEqual(
    isListed ? [{ address: 'norm-r0@example.org', reason: 'bounce', detail: enhancedCode }] : [],
  )
  expect(
    await rig.database.query('SELECT state FROM recipient WHERE batch_id = $1 ORDER BY seq', [id]),
  ).toEqual([{ state: 'failed' }, { state: 'sent' }])
})

test('a result that is no longer ours suppresses nobody, and neither does another class', async () => {
  const worker = rig.workerNamed('a')
  const [first, second] = await claimAll(worker, await rig.newBatch(2))
  if (!first || !second) throw new Error('not claimed')
  const reply: Reply = { stage: 'rcpt', replyCode: 550, enhancedCode: '5.1.1' }
  await worker.record([
    said({ ...first, attempt: 7 }, 'recipient', reply),
    said(second, 'transient', { ...reply, replyCode: 450 }),
  ])
  expect(await suppressed()).toEqual([])
})

test('the age of refusals is told from the first claim, and from the last time that the batch went on', async () => {
  const worker = rig.workerNamed('a')
  const id = await rig.newBatch(1)
  const [first] = await claimAll(worker, id)
  if (!first) throw new Error('not claimed')
  expect(first.ageMs).toBe(0)
  await worker.record([resultOf(first, 'throttle')])
  await age(id, 10)
  const [second] = await claimAll(worker, id)
  if (!second) throw new Error('not claimed')
  expect(second.ageMs / 3_600_000).toBeCloseTo(10, 2)
  await worker.record([resultOf(second, 'throttle')])
  await age(id, 10)
  await rig.database.query(`UPDATE batch SET resumed_at = now() - interval '1 hour' WHERE id = $1`, [id])
  const [third] = await claimAll(worker, id)
  expect((third?.ageMs ?? 0) / 3_600_000).toBeCloseTo(1, 2)
})

test.each([
  ['transient', 119, 121],
  ['throttle', 119, 121],
  ['unreachable', 119, 121],
  ['account', 167, 169],
  ['quota', 167, 169],
] as const)(
  '%s goes on for %i hours, not for %i, and can be retried then',
  async (retryClass, young, old) => {
    const worker = rig.workerNamed('a')
    const id = await rig.newBatch(1)
    const refused = async (hours: number) => {
      await age(id, hours)
      const [claimed] = await claimAll(worker, id)
      if (!claimed) throw new Error('not claimed')
      await worker.record([resultOf(claimed, retryClass)])
      return rig.database.query('SELECT state, error_class AS class FROM recipient WHERE batch_id = $1', [id])
    }
    expect(await refused(young)).toEqual([{ state: 'deferred', class: retryClass }])
    expect(await refused(old)).toEqual([{ state: 'failed', class: retryClass }])
    await worker.settle({ batchId: id, chunk: 0 })
    expect(await rig.database.transaction((transaction) => retryFailed(transaction, id))).toBe(1)
    expect(await firstTried(id)).toEqual([{ at: null }])
  },
)

test('who is tried again by hand is as if never tried', async () => {
  const worker = rig.workerNamed('a')
  const id = await rig.newBatch(1)
  const [claimed] = await claimAll(worker, id)
  if (!claimed) throw new Error('not claimed')
  await worker.record([resultOf(claimed, 'ambiguous')])
  const asked = { batchId: id, as: 'retry', addresses: undefined, userId: 'u', events: false } as const
  expect(await rig.database.transaction((transaction) => resolveUncertain(transaction, asked))).toBe(1)
  expect(await firstTried(id)).toEqual([{ at: null }])
})
