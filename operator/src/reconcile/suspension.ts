/** What is told of a BatchSender while `spec.suspend` is set: nothing is written, everything is looked at. Pure. */
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { NextCondition } from '../runtime/conditions.ts'
import type { Plan } from './plan.ts'
import type { Judged } from './summary.ts'
import type { Sender, Snapshot } from '../components/snapshot.ts'
import type { SummaryReason } from '../../../crds/schema/summaryConditions.ts'
import { CONDITION_TYPES, type AnyReason } from '../../../crds/schema/conditions.ts'
import { summarize, suspendedSummary } from './summary.ts'

/**
 * Something was told of its parts once, before which there is nothing that could have turned, and the spec makes sense,
 * without which nothing can be judged.
 */
export function isSeenWhileSuspended({ status, specFaults }: Sender): boolean {
  const ours: readonly string[] = CONDITION_TYPES
  return specFaults.length === 0 && (status.conditions ?? []).some(({ type }) => ours.includes(type))
}

/**
 * What judges look at. Nothing of a new generation is being carried out, so whatever a spec that is new is given time for
 * does not count, and what was told last is as good as if it had been told of this generation.
 */
export function asItStands(snapshot: Snapshot): Snapshot {
  const { sender } = snapshot
  if (sender.spec.suspend !== true || !isSeenWhileSuspended(sender)) return snapshot
  const { generation, status } = sender
  const conditions = status.conditions?.map((one) => ({ ...one, observedGeneration: generation }))
  const settled = { ...status, observedGeneration: generation, ...(conditions && { conditions }) }
  return { ...snapshot, sender: { ...sender, status: settled } }
}

/** The generation that the status is of: the new one when nothing but `suspend` changed. */
export function suspendedGeneration({ status, specHash, generation }: Sender): number {
  return status.observedSpecHash === specHash ? generation : (status.observedGeneration ?? -1)
}

/** Told of writes alone: while none is tried, nothing takes it back. */
const OF_WRITES: readonly AnyReason[] = ['NameConflict', 'WriteRefused', 'WriteFailed', 'Blocked', 'Invalid']

/** What is seen of each part; a write that did not come through before is as open as it was. */
export function judgedWhileSuspended({ status }: Sender, verdicts: Plan['verdicts']): readonly Judged[] {
  const ofWrites: readonly string[] = OF_WRITES
  return verdicts.map(({ type, verdict }): Judged => {
    const last = status.conditions?.find((one) => one.type === type)
    const isOpen = last !== undefined && last.status !== 'True' && ofWrites.includes(last.reason)
    const { status: value, reason, message } = isOpen && verdict.status === 'True' ? last : verdict
    return { type, status: value, reason, message }
  })
}

export interface SuspendedSummary {
  readonly ready: boolean
  readonly conditions: readonly NextCondition[]
}

/**
 * `Reconciling` would never end while nothing is written. What was under way before the suspension stays so; what breaks
 * under it waits for a person.
 */
export function summaryWhileSuspended({ status }: Sender, judged: readonly Judged[]): SuspendedSummary {
  const { ready, stalled, conditions } = summarize(judged, false)
  if (ready || stalled || wasUnderWay(status)) return { ready, conditions }
  return { ready, conditions: conditions.map(waitingForPerson) }
}

/** What was told before, of an object that cannot be judged; of one that never was set up, that it was not. */
export function toldBefore({ status }: Sender): readonly NextCondition[] {
  const before = (status.conditions ?? []).filter(({ type }) => type !== 'Suspended')
  return before.length > 0 ? before : suspendedSummary()
}

function wasUnderWay({ conditions = [] }: BatchSenderStatus): boolean {
  return conditions.some(
    ({ type, status, reason }) => type === 'Reconciling' && status === 'True' && reason !== PASS_FAILED,
  )
}

const PASS_FAILED: SummaryReason = 'PassFailed'
const SUSPENDED: SummaryReason = 'Suspended'

function waitingForPerson(condition: NextCondition): NextCondition {
  if (condition.type !== 'Reconciling') return condition
  const message = `nothing is written while spec.suspend is set: ${condition.message}`
  return { type: 'Stalled', status: 'True', reason: SUSPENDED, message }
}

export const SUSPENDED_CONDITION: NextCondition = {
  type: 'Suspended',
  status: 'True',
  reason: SUSPENDED,
  message: 'spec.suspend is set: nothing is written; conditions and checks go on telling what is seen',
}
