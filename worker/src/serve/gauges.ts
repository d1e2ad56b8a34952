/** Gauges that have to be looked up. */
import type { BodyBudgets } from '../http/bodyBudgets.ts'
import type { Metrics } from '../metrics.ts'
import type { Part } from '../runtime/parts.ts'
import type { WakeupPublisher } from '../sending/sweep.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import type { Events } from './events.ts'
import type { Health } from './health.ts'
import type { Sending } from './sending.ts'
import type { Webhooks } from './webhooks.ts'
import { repeat } from '../runtime/repeat.ts'
import { countDeadLetters } from '../store/deadLetters.ts'
import { oldestInFlightSeconds } from '../store/oldestInFlight.ts'

const LOOK_EVERY_MS = 10_000

export interface GaugesNeeds {
  readonly pools: Pick<Pools, 'service'>
  readonly queue: Pick<WakeupPublisher, 'isConnected' | 'depth'>
  readonly sending: Pick<Sending, 'inFlight'>
  readonly events: Pick<Events, 'outbox'>
  readonly webhooks: Pick<Webhooks, 'effects'>
  readonly health: Pick<Health, 'served'>
}

/** What a look does not come to keeps its last figure. */
export function watchGauges({ metrics, stopping }: Context, needs: GaugesNeeds): Part {
  return repeat({
    everyMs: LOOK_EVERY_MS,
    stopping,
    ready: needs.health.served,
    work: () => look(metrics, needs),
    onError: () => undefined,
  })
}

async function look(
  metrics: Metrics,
  { pools, queue, sending, events, webhooks }: GaugesNeeds,
): Promise<void> {
  metrics.inFlight.set(sending.inFlight())
  metrics.oldestInFlight.set(await oldestInFlightSeconds(pools.service))
  const backlog = await events.outbox.backlog()
  metrics.eventBacklog.set(backlog.rows)
  metrics.eventLag.set(backlog.oldestSeconds)
  metrics.deadLetters.set(await countDeadLetters(pools.service))
  const tidings = await webhooks.effects.backlog()
  metrics.webhookBacklog.set(tidings.rows)
  metrics.webhookLag.set(tidings.oldestSeconds)
  const depth = queue.isConnected() ? await queue.depth() : undefined
  if (depth !== undefined) metrics.queueDepth.set(depth)
}

/** At the moment of the scrape: a pool is exhausted for seconds, not for as long as one looks at other figures. */
export function observePool({ poolTotal, poolIdle, poolWaiting }: Metrics, pools: Pick<Pools, 'pool'>): void {
  const { total, idle, waiting } = pools.pool()
  poolTotal.set(total)
  poolIdle.set(idle)
  poolWaiting.set(waiting)
}

export function observeBodies({ bodyBytes, bodyLimit }: Metrics, budgets: BodyBudgets): void {
  for (const [kind, budget] of Object.entries(budgets) as [string, BodyBudgets['open']][]) {
    bodyBytes.set({ kind }, budget.takenBytes)
    bodyLimit.set({ kind }, Math.floor(budget.totalBytes))
  }
}
