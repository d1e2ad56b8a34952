/** The way of one BatchSender: gather → plan → commit → report. */
import type { AnyComponent } from '../components/component.ts'
import type { Check } from '../checks/check.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import type { Plan } from './plan.ts'
import type { Ports } from './ports.ts'
import type { StepOutcome } from './commit.ts'
import { openRequest } from '../components/parts/requests.ts'
import { isLasting } from '../runtime/failures.ts'
import { isConflict, Waiting } from '../runtime/errors.ts'
import { commit } from './commit.ts'
import { gather, senderOf } from './gather.ts'
import { planOf } from './plan.ts'
import { deedsOf, turnsOf } from './events.ts'
import { keptByAnother } from './keeper.ts'
import { messageOf } from './mishap.ts'
import { report, unjudgedStatus } from './report.ts'
import { firstSentence } from '../vocabulary/sentence.ts'

export interface Catalogue {
  readonly components: readonly AnyComponent[]
  readonly checks: readonly Check[]
}

export interface Pass {
  /** Run again after this long; milliseconds. */
  readonly requeueAfterMs?: number
}

const FOREIGN_RECHECK_MS = 15_000
/** How soon it is noticed that the other operator is gone. */
const STAND_BACK_MS = 30_000

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

  try {
    const another = await keptByAnother(senderOf(primary), ports, signal)
    if (another) {
      ports.forget(key)
      ports.event(primary, another)
      return { requeueAfterMs: STAND_BACK_MS }
    }
    const pass = await pursue(primary, { components, checks }, ports, signal)
    ports.failures.succeeded(key)
    return pass
  } catch (error) {
    if (error instanceof StepFailed) {
      ports.failures.succeeded(key)
      throw error.cause
    }
    if (!signal.aborted) await tellOf(error, key, primary, ports, signal)
    throw error
  }
}

/** A pass that was told of in the status, and has to be tried again all the same. */
class StepFailed extends Error {}

async function pursue(
  primary: KubernetesObject,
  { components, checks }: Catalogue,
  ports: Ports,
  signal: AbortSignal,
): Promise<Pass> {
  const snapshot = await gather(primary, ports, signal)
  const { sender } = snapshot
  ports.attend(sender)
  // Who asks for a pass wants a look at the world, too, not only at what was seen last.
  if (openRequest(sender, 'reconcile') !== undefined) ports.lookSoon(sender)
  const plan = planOf(snapshot, components, checks)
  const outcomes = await commit(plan, snapshot, ports, signal)
  // Told before the status is written: a conflict there ends the pass, and the next one finds nothing more to do.
  for (const event of deedsOf(snapshot, outcomes)) ports.event(primary, event)
  const status = report(snapshot, plan, outcomes, components)
  await ports.writeStatus(primary, status, signal)
  for (const event of turnsOf(sender.status, status)) ports.event(primary, event)
  const fault = worstFault(plan, outcomes)
  if (fault !== undefined) throw new StepFailed('tried again', { cause: fault })

  // A write may have overtaken news from the watch, and what was made is the ground for the next step.
  if (outcomes.some(({ outcome }) => outcome.state === 'done' && outcome.change !== 'requested'))
    return { requeueAfterMs: 0 }
  const waits = [
    // Nothing tells us when somebody else's object goes away.
    ...(outcomes.some(({ outcome }) => outcome.state === 'foreign') ? [FOREIGN_RECHECK_MS] : []),
    ...outcomes.flatMap(({ outcome }) => ('againMs' in outcome ? (outcome.againMs ?? []) : [])),
    ...(plan.lookAgainMs === undefined ? [] : [plan.lookAgainMs]),
  ]
  return waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) }
}

/** What the runtime retries with backoff, and logs; a conflict only when nothing worse happened. */
function worstFault({ defects }: Plan, outcomes: readonly StepOutcome[]): unknown {
  const errors = outcomes.flatMap(({ outcome }) => (outcome.state === 'failed' ? [outcome.error] : []))
  return defects[0] ?? errors.find((error) => !isConflict(error)) ?? errors[0]
}

/** Nothing could be judged: when that goes on, a status that says Ready must not stand. */
async function tellOf(
  error: unknown,
  key: string,
  primary: KubernetesObject,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  if (error instanceof Waiting || isConflict(error) || !isLasting(ports.failures.failed(key))) return
  const status = unjudgedStatus(senderOf(primary), firstSentence(messageOf(error)), ports.now())
  // What stopped the pass may stop this, too; then there is nobody to tell.
  await ports.writeStatus(primary, status, signal).catch(() => undefined)
}
