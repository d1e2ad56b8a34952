/** The sweep, which publishes what is due. */
import type { Part } from '../runtime/parts.ts'
import type { SweepLoop } from '../sending/sweepLoop.ts'
import type { WakeupPublisher } from '../sending/sweep.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import type { Health } from './health.ts'
import { refusedWakeups } from '../sending/refusedWakeups.ts'
import { sweepLoop } from '../sending/sweepLoop.ts'
import { wakeupLedger } from '../store/chunks.ts'

export interface SweepingNeeds {
  readonly pools: Pick<Pools, 'sending'>
  readonly queue: WakeupPublisher
  readonly health: Pick<Health, 'served'>
}

export function openSweeping(
  { tuning, log, metrics, stopping }: Context,
  { pools, queue, health }: SweepingNeeds,
): SweepLoop & Part {
  return sweepLoop({
    ledger: wakeupLedger(pools.sending),
    publisher: queue,
    everyMs: tuning.sweepEveryMs,
    ready: health.served,
    stopping,
    onError: (error) => {
      log.warn({ err: error }, 'the sweep failed')
    },
    onPublished: refusedWakeups({
      onRefused: (count) => {
        metrics.wakeupsRefused.inc(count)
      },
      onRefusing: (words, error) => {
        log.error({ err: error }, words)
      },
      onTaking: () => {
        log.info('the queue takes wake-ups again')
      },
    }),
    onRecovered: (chunks) => {
      log.warn({ chunks }, 'the queue lost wake-ups')
    },
  })
}
