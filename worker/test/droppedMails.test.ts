/** Mails that the provider took and then dropped, told at any moment of an attempt, on a real PostgreSQL. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contradicted } from '../src/store/contradictions.ts'
import type { LedgerOptions } from '../src/store/ledger.ts'
import type { RetryClass } from '../src/domain/retryClasses.ts'
import type { LedgerRig } from './ledgerRig.ts'
import { findBatch } from '../src/store/batches.ts'
import { retryFailed } from '../src/store/retries.ts'
import { webhookEffects } from '../src/store/webhookEffects.ts'
import { claimAll, resultOf, startLedgerRig } from './ledgerRig.ts'

const LEASE_MS = 300
let rig: LedgerRig

beforeAll(async () => {
  rig = await startLedgerRig(LEASE_MS)
})
afterAll(() => rig.stop())

const resend = { onUncertain: () => Promise.resolve('Resend' as const) }

async function tell(fact: string, batchId: string, { code = 'ses_bad_content', mail = 'm1' } = {}) {
  await rig.database.query(
    `INSERT INTO webhook_inbox (provider, fact, batch_id, seq, provider_message_id, error_code, suppress)
     VALUES ('ses', $1, $2, 0, $3, $4, '{}')`,
    [fact, batchId, mail, code],
  )
  await webhookEffects(rig.database, { events: true }).apply(100)
}

const recipient = async (batchId: string) => {
  const [row] = await rig.database.query(
    'SELECT state, delivery, error_class, error_code FROM recipient WHERE batch_id = $1',
    [batchId],
  )
  return row
}

async function claimed(more: Partial<LedgerOptions> = {}, id?: string) {
  const batchId = id ?? (await rig.newBatch(1))
  const worker = rig.workerNamed('w', more)
  const [one] = await claimAll(worker, batchId)
  if (!one) throw new Error('nothing was claimed')
  const record = async (retryClass: RetryClass, providerMessageId?: string) => {
    await worker.record([{ ...resultOf(one, retryClass, 'Resend'), providerMessageId }])
    return worker.settle({ batchId, chunk: 0 })
  }
  return { batchId, worker, one, record }
}

const retry = (batchId: string) =>
  rig.database.transaction((transaction) => retryFailed(transaction, batchId))

test.each<[string, RetryClass]>([
  ['resend_reached_daily_quota', 'quota'],
  ['resend_monthly_quota_exceeded', 'quota'],
  ['resend_rate_limit_exceeded', 'throttle'],
  ['resend_invalid_api_key', 'account'],
  ['resend_account_suspended', 'account'],
  ['resend_domain_not_verified', 'sender'],
  ['ses_bad_content', 'sender'],
  ['ses_rejected_content', 'sender'],
  ['ses_rendering_failure', 'sender'],
  ['resend_invalid_recipient', 'recipient'],
  ['resend_failed', 'transient'],
  ['resend_corporate_accounting', 'transient'],
])('%s is the fault of: %s', async (code, retryClass) => {
  const { batchId, record } = await claimed()
  await record('accepted', 'm1')
  await tell('rejected', batchId, { code })
  expect(await recipient(batchId)).toEqual({
    state: 'failed',
    delivery: 'rejected',
    error_class: retryClass,
    error_code: code,
  })
  expect(await retry(batchId)).toBe(retryClass === 'recipient' ? 0 : 1)
})

test('told while its mail is on the way, and then the lease ends: it failed for what was told', async () => {
  const { batchId, worker } = await claimed()
  await tell('rejected', batchId)
  expect(await recipient(batchId)).toMatchObject({ state: 'sending', delivery: 'rejected' })
  await sleep(LEASE_MS + 50)
  await worker.begin({ batchId, chunk: 0 })
  await worker.settle({ batchId, chunk: 0 })
  expect(await recipient(batchId)).toMatchObject({ state: 'failed', error_class: 'sender' })
  expect(await retry(batchId)).toBe(1)
})

test('a result that comes after its lease and after the refusal does not undo it', async () => {
  const contradicted: Contradicted[] = []
  const { batchId, worker, record } = await claimed({ onContradiction: (some) => contradicted.push(...some) })
  await sleep(LEASE_MS + 50)
  await worker.begin({ batchId, chunk: 0 })
  await worker.settle({ batchId, chunk: 0 })
  expect(await recipient(batchId)).toMatchObject({ state: 'uncertain' })
  await tell('rejected', batchId)
  expect(await recipient(batchId)).toMatchObject({ state: 'failed', error_class: 'sender' })
  await record('accepted', 'm1')
  expect(await recipient(batchId)).toMatchObject({ state: 'failed', error_code: 'ses_bad_content' })
  expect(contradicted).toEqual([])
  expect(await retry(batchId)).toBe(1)
})

test('one that waits to be tried again is not, once its mail shows to have reached somebody', async () => {
  const { batchId, worker, record } = await claimed()
  await record('accepted', 'm1')
  await tell('rejected', batchId)
  expect(await retry(batchId)).toBe(1)
  await tell('rejected', batchId)
  await tell('accepted', batchId)
  expect(await recipient(batchId)).toMatchObject({ state: 'pending' })
  await tell('delivered', batchId)
  expect(await recipient(batchId)).toMatchObject({ state: 'sent', delivery: 'delivered' })
  expect(await claimAll(worker, batchId)).toEqual([])
  await worker.settle({ batchId, chunk: 0 })
  expect(await findBatch(rig.database, batchId)).toMatchObject({ state: 'completed', counts: { sent: 1 } })
})

test('of two mails that may have gone the refusal of one leaves the other in doubt', async () => {
  const { batchId, record } = await claimed(resend)
  await record('ambiguous')
  await rig.database.query('UPDATE recipient SET due_at = now() WHERE batch_id = $1', [batchId])
  const again = await claimed(resend, batchId)
  await again.record('accepted', 'm2')
  await tell('rejected', batchId, { mail: 'm2' })
  expect(await recipient(batchId)).toMatchObject({ state: 'uncertain', error_class: 'ambiguous' })
  expect(await findBatch(rig.database, batchId)).toMatchObject({ state: 'completed_with_failures' })
  expect(await retry(batchId)).toBe(0)
})

test('the next mail is not judged by what was told of the one before, and is known to be another', async () => {
  const { batchId, record, one } = await claimed()
  expect(one.dropped).toBe(0)
  await record('accepted', 'm1')
  await tell('rejected', batchId)
  await retry(batchId)
  const second = await claimed({}, batchId)
  expect(second.one.dropped).toBe(1)
  await tell('rejected', batchId)
  await second.record('ambiguous')
  expect(await recipient(batchId)).toMatchObject({ state: 'deferred', delivery: null })
})

test('while a batch ends, one of its mails turns out to be dropped: it has ended with a failure', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { batchId, worker, one } = await claimed()
    await worker.record([{ ...resultOf(one, 'accepted'), providerMessageId: 'm1' }])
    await Promise.all([worker.settle({ batchId, chunk: 0 }), tell('rejected', batchId)])
    expect(await findBatch(rig.database, batchId)).toMatchObject({
      state: 'completed_with_failures',
      counts: { failed: 1 },
    })
  }
})
