/** Tells the other workers, through PostgreSQL, what this one has seen lately, and looks for batches that stand still. */
import type { Part } from '../runtime/parts.ts'
import type { Pools } from '../store/pools.ts'
import type { WorkerState } from '../store/workerStates.ts'
import type { Context } from './context.ts'
import type { Health } from './health.ts'
import type { Sending } from './sending.ts'
import type { Webhooks } from './webhooks.ts'
import { repeat } from '../runtime/repeat.ts'
import { takeLease } from '../store/lease.ts'
import { noteStandstill } from '../store/standstill.ts'
import { forgetState, shareState } from '../store/workerStates.ts'

const TELL_EVERY_MS = 5_000
const COMPARE_EVERY_MS = 30_000
const LEASE = 'standstill'
const LEASE_SECONDS = 90

export interface SharingNeeds {
  readonly pools: Pick<Pools, 'service'>
  readonly sending: Pick<Sending, 'lately'>
  readonly webhooks: Pick<Webhooks, 'forgedAt'>
  readonly health: Pick<Health, 'served'>
}

export const ownState = (
  { answers }: Pick<Context, 'answers'>,
  { sending, webhooks }: Pick<SharingNeeds, 'sending' | 'webhooks'>,
): WorkerState => ({
  ...sending.lately(),
  answers: answers.sum(performance.now()),
  forgedAt: webhooks.forgedAt(),
})

export function openSharing(context: Context, needs: SharingNeeds): Part {
  const { worker, log, stopping } = context
  const { pools, health } = needs
  const { service: database } = pools
  const telling = repeat({
    everyMs: TELL_EVERY_MS,
    stopping,
    ready: health.served,
    work: () => shareState(database, worker, ownState(context, needs)),
    onError: (error) => {
      log.debug({ err: error }, 'the other workers do not hear of this one')
    },
  })
  const comparing = repeat({
    everyMs: COMPARE_EVERY_MS,
    jitter: [0.75, 1.25],
    stopping,
    ready: health.served,
    isMine: () => takeLease(database, LEASE, worker, LEASE_SECONDS),
    work: () => noteStandstill(database),
    onError: (error) => {
      log.debug({ err: error }, 'it is not known whether batches get on')
    },
  })
  return {
    finished: Promise.all([telling.finished, comparing.finished])
      .then(() => forgetState(database, worker))
      .catch(() => undefined),
  }
}
