/** What the worker tells of itself on its internal port: readiness, metrics, evidence. */
import type { Part } from '../runtime/parts.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import type { EvidenceNeeds } from './evidence.ts'
import type { Health } from './health.ts'
import type { Internal } from './internal.ts'
import type { Sending } from './sending.ts'
import { gatherEvidence } from './evidence.ts'
import { observeBodies, observePool, observeProvider } from './gauges.ts'
import { readinessOf } from './readiness.ts'

export interface TellingNeeds extends EvidenceNeeds {
  readonly internal: Internal
  readonly pools: Pools
  readonly health: Health
  readonly sending: Sending
}

export async function openTelling(context: Context, needs: TellingNeeds): Promise<Part> {
  const { metrics, budgets, stopping } = context
  const { internal, pools, health, queue, sending } = needs
  await internal.listen({
    readiness: () => readinessOf(health, queue.isConnected(), stopping.aborted),
    metrics: async () => {
      observePool(metrics, pools)
      observeBodies(metrics, budgets)
      await observeProvider(metrics, needs)
      metrics.overdueResults.set(sending.overdueResults())
      return { contentType: metrics.registry.contentType, text: await metrics.registry.metrics() }
    },
    evidence: () => gatherEvidence(context, needs),
  })
  return {}
}
