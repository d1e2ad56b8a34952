/** The sweep of the worker, which publishes what is due, put together from its ports. */
import type { Logger } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { SweepLoop } from './sending/sweepLoop.ts'
import type { WakeupPublisher } from './sending/sweep.ts'
import type { Settings } from './settings.ts'
import type { Pools } from './store/pools.ts'
import { refusedWakeups } from './sending/refusedWakeups.ts'
import { sweepLoop } from './sending/sweepLoop.ts'
import { wakeupLedger } from './store/chunks.ts'

interface SweepingOptions {
  readonly tuning: Settings['tuning']
  readonly log: Logger
  readonly metrics: Metrics
  readonly pools: Pools
  readonly queue: WakeupPublisher
  readonly stopping: AbortSignal
  /** Nothing is swept before. */
  readonly ready: Promise<unknown>
}

export function startSweeping(options: SweepingOptions): SweepLoop {
  const { tuning, log, metrics, pools, queue, stopping, ready } = options
  return sweepLoop({
    ledger: wakeupLedger(pools.sending),
    publisher: queue,
    everyMs: tuning.sweepEveryMs,
    ready,
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
