/** The part of the worker that notices a PostgreSQL that came back without its last commits, with what it tells of it. */
import type { EventsOptions } from './serveEvents.ts'
import type { Metrics } from './metrics.ts'
import type { Provider } from './sending/ports.ts'
import type { Settings } from './settings.ts'
import type { Continuity } from './store/continuity.ts'
import type { LostCommits } from './store/lostCommits.ts'
import type { Pools } from './store/pools.ts'
import { openContinuity } from './store/continuity.ts'

/** Of those that are told by name, the first. */
const TOLD = 100

export interface WatchedContinuity extends Omit<EventsOptions, 'database'> {
  readonly tuning: Settings['tuning']
  readonly pools: Pick<Pools, 'health'>
  readonly provider: Pick<Provider, 'name'>
  readonly metrics: Metrics
  readonly ready: Promise<unknown>
}

export function watchContinuity(options: WatchedContinuity): Continuity {
  const { log, metrics, settings, tuning } = options
  const tell = ({ remembered, doubted, again, batches }: LostCommits) => {
    metrics.lostCommits.inc(doubted)
    const figures = { remembered, doubted, batches: batches.slice(0, TOLD) }
    if (doubted > 0 || batches.length > 0)
      log.error(figures, 'PostgreSQL came back without its last commits: whose claims it lost are uncertain')
    else log.info(figures, 'PostgreSQL was started anew, and knows what was claimed')
    if (again.length > 0)
      log.error(
        { recipients: again.slice(0, TOLD), count: again.length },
        'claimed again after it was forgotten',
      )
  }
  return openContinuity(options.pools.health, {
    worker: options.worker,
    provider: options.provider.name,
    events: settings.clickhouseUrl !== undefined,
    witnessMs: tuning.witnessMs,
    ready: options.ready,
    stopping: options.stopping,
    onCompared: tell,
    onMissing: (workers) => {
      log.error(
        { workers },
        'not heard of since PostgreSQL was started anew: had commits been lost, so has what they mailed',
      )
    },
    onError: (error) => {
      log.warn({ err: error }, 'it is not known whether PostgreSQL has all commits')
    },
  })
}
