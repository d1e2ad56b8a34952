/** Notices a PostgreSQL that came back without its last commits, and tells of it. */
import type { Part } from '../runtime/parts.ts'
import type { Provider } from '../sending/ports.ts'
import type { Continuity } from '../store/continuity.ts'
import type { LostCommits } from '../store/lostCommits.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import type { Health } from './health.ts'
import { openContinuity } from '../store/continuity.ts'

/** Of those that are told by name, the first. */
const TOLD = 100

export interface ContinuityNeeds {
  readonly pools: Pick<Pools, 'health'>
  readonly provider: Pick<Provider, 'name'>
  readonly health: Pick<Health, 'served'>
}

export function watchContinuity(
  { log, metrics, settings, tuning, worker, stopping }: Context,
  { pools, provider, health }: ContinuityNeeds,
): Continuity & Part {
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
  return openContinuity(pools.health, {
    worker,
    provider: provider.name,
    events: settings.clickhouseUrl !== undefined,
    witnessMs: tuning.witnessMs,
    ready: health.served,
    stopping,
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
