/** The way of one BatchSender: gather → plan → commit → report. */
import type { AnyComponent } from '../components/component.ts'
import type { Check } from '../checks/check.ts'
import type { Ports } from './ports.ts'
import { commit } from './commit.ts'
import { gather } from './gather.ts'
import { planOf } from './plan.ts'
import { deedsOf, turnsOf } from './events.ts'
import { report } from './report.ts'

export interface Catalogue {
  readonly components: readonly AnyComponent[]
  readonly checks: readonly Check[]
}

export interface Pass {
  /** Run again after this long; milliseconds. */
  readonly requeueAfterMs?: number
}

const FOREIGN_RECHECK_MS = 15_000

/** @param key `namespace/name` */
export async function reconcile(
  key: string,
  { components, checks }: Catalogue,
  ports: Ports,
  signal: AbortSignal,
): Promise<Pass> {
  const primary = ports.primary(key)
  // A deleted object is cleaned up by its owner references; there is nothing outside to undo.
  if (!primary || primary.metadata.deletionTimestamp !== undefined) {
    ports.forget(key)
    return {}
  }

  const snapshot = await gather(primary, ports, signal)
  const { sender } = snapshot
  ports.attend(sender)
  // Who asks for a pass wants a look at the world, too, not only at what was seen last.
  if (sender.requestedAt !== sender.status.lastHandledReconcileAt) ports.lookSoon(sender)
  const plan = planOf(snapshot, components, checks)
  const outcomes = await commit(plan, snapshot, ports, signal)
  // Told before the status is written: a conflict there ends the pass, and the next one finds nothing more to do.
  for (const event of deedsOf(snapshot, outcomes)) ports.event(primary, event)
  const status = report(snapshot, plan, outcomes)
  await ports.writeStatus(primary, status, signal)
  for (const event of turnsOf(sender.status, status)) ports.event(primary, event)

  // A write may have overtaken news from the watch, and what was made is the ground for the next step.
  if (outcomes.some(({ outcome }) => outcome.state === 'done' && outcome.change !== 'requested'))
    return { requeueAfterMs: 0 }
  const waits = [
    // Nothing tells us when somebody else's object goes away.
    ...(outcomes.some(({ outcome }) => outcome.state === 'foreign') ? [FOREIGN_RECHECK_MS] : []),
    ...outcomes.flatMap(({ outcome }) => (outcome.state === 'waiting' ? (outcome.againMs ?? []) : [])),
    ...(plan.lookAgainMs === undefined ? [] : [plan.lookAgainMs]),
  ]
  return waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) }
}
