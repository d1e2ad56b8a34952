/** Turns verdicts, proofs and what became of the writes into the status. Pure. */
import type { BatchSenderStatus, Check as CheckStatus, Condition } from '../../../crds/schema/status.ts'
import type { AnyComponent, Figures } from '../components/component.ts'
import type { Plan } from './plan.ts'
import type { Sender, Snapshot } from '../components/snapshot.ts'
import type { StepOutcome } from './commit.ts'
import { CONDITION_TYPES } from '../../../crds/schema/conditions.ts'
import { mergeConditions } from '../runtime/conditions.ts'
import type { Making } from '../components/networkPolicy/probeRound.ts'
import { isAside } from '../components/desired.ts'
import { rememberedProbes } from '../components/networkPolicy/probeRound.ts'
import { environmentMemory } from '../components/worker/environmentMemory.ts'
import { migrationMemory } from '../components/worker/migration.ts'
import { workersStatus } from '../components/worker/workersStatus.ts'
import { figuresOf } from './figures.ts'
import { overlay } from './overlay.ts'
import { handledRequests } from './requests.ts'
import { instantOf } from '../components/parts/instants.ts'
import { productionReady, summarize } from './summary.ts'
import {
  isSeenWhileSuspended,
  judgedWhileSuspended,
  summaryWhileSuspended,
  SUSPENDED_CONDITION,
  suspendedGeneration,
  toldBefore,
} from './suspension.ts'

export function report(
  snapshot: Snapshot,
  plan: Plan,
  outcomes: readonly StepOutcome[],
  components: readonly AnyComponent[],
): BatchSenderStatus {
  const suspended = snapshot.sender.spec.suspend === true
  const evidence = figuresOf(snapshot, suspended ? [] : outcomes, components)
  return suspended
    ? suspendedStatus(snapshot, plan, evidence)
    : activeStatus(snapshot, plan, outcomes, evidence)
}

function activeStatus(
  snapshot: Snapshot,
  plan: Plan,
  outcomes: readonly StepOutcome[],
  evidence: Figures,
): BatchSenderStatus {
  const { sender, now } = snapshot
  const main = outcomes.filter(({ step }) => !isAside(step.desired))
  const judged = overlay(plan.verdicts, main, sender)
  const kept = keptConditions(
    sender,
    judged.map(({ type }) => type),
  )
  const checks = checkStatuses(snapshot, plan)
  const isNew = sender.status.observedGeneration !== sender.generation
  const isPremature = isNew && main.some(({ outcome }) => ['done', 'failed'].includes(outcome.state))
  const summary = summarize(judged, isPremature)
  const settled = summary.ready || summary.stalled
  const merged = mergeConditions(
    sender.status.conditions ?? [],
    [...summary.conditions, ...judged, productionReady(checks, summary.ready)],
    { generation: sender.generation, now },
  )
  return {
    observedGeneration: settled ? sender.generation : (sender.status.observedGeneration ?? -1),
    ...settledHash(sender, settled),
    operator: snapshot.installation.operatorNamespace,
    ...handledRequests(snapshot, outcomes),
    ...migrationMemory(snapshot),
    ...rememberedProbes(snapshot, outcomes.flatMap(makingOf)),
    ...environmentMemory(snapshot),
    conditions: [...merged, ...kept],
    checks,
    evidence,
    summary: {
      checks: checksText(checks),
      ...(sender.specFaults.length === 0 && { workers: workersStatus(snapshot).text }),
    },
    ...(sender.specFaults.length === 0 && { workers: workersStatus(snapshot).scale }),
  }
}

/**
 * For passes that end again and again before there is anything to judge: what was said of the parts stands as it was,
 * but that all is well can no longer be said.
 */
export function unjudgedStatus({ status, generation }: Sender, why: string, now: Date): BatchSenderStatus {
  const reason = 'PassFailed'
  const message = `the operator cannot look at it and tries again: ${why}`
  const replaced: readonly string[] = ['Ready', 'Reconciling', 'Stalled']
  const kept = (status.conditions ?? []).filter(({ type }) => !replaced.includes(type))
  const unknown = mergeConditions(
    status.conditions ?? [],
    [
      { type: 'Ready', status: 'Unknown', reason, message },
      { type: 'Reconciling', status: 'True', reason, message },
    ],
    { generation, now },
  )
  return { ...status, conditions: [...unknown, ...kept] }
}

/** What is seen, stamped with the new generation only when nothing but `suspend` changed. */
function suspendedStatus(snapshot: Snapshot, plan: Plan, evidence: Figures): BatchSenderStatus {
  const { sender, now } = snapshot
  const previous = sender.status.conditions ?? []
  const generation = suspendedGeneration(sender)
  const { conditions, ...seen } = isSeenWhileSuspended(sender)
    ? seenWhileSuspended(snapshot, plan, evidence)
    : { conditions: toldBefore(sender) }
  return {
    ...sender.status,
    ...seen,
    observedGeneration: generation,
    ...handledRequests(snapshot, []),
    conditions: [
      ...mergeConditions(previous, conditions, { generation: Math.max(0, generation), now }),
      ...mergeConditions(previous, [SUSPENDED_CONDITION], { generation: sender.generation, now }),
    ],
  }
}

function seenWhileSuspended(snapshot: Snapshot, plan: Plan, evidence: Figures) {
  const { sender } = snapshot
  const judged = judgedWhileSuspended(sender, plan.verdicts)
  const { ready, conditions } = summaryWhileSuspended(sender, judged)
  const checks = checkStatuses(snapshot, plan)
  const { text, scale } = workersStatus(snapshot)
  return {
    conditions: [...conditions, ...judged, productionReady(checks, ready)],
    checks,
    evidence,
    summary: { checks: checksText(checks), workers: text },
    workers: scale,
  }
}

/** Conditions that could not be judged this time stay as they were, with the generation they were judged for. */
function keptConditions(sender: Sender, judged: readonly string[]): readonly Condition[] {
  const ours: readonly string[] = CONDITION_TYPES
  return (sender.status.conditions ?? []).filter(({ type }) => ours.includes(type) && !judged.includes(type))
}

function settledHash(sender: Sender, settled: boolean): Pick<BatchSenderStatus, 'observedSpecHash'> {
  const hash = settled ? sender.specHash : sender.status.observedSpecHash
  return hash === undefined ? {} : { observedSpecHash: hash }
}

/** What became of a Job that is told of by a check alone. */
function makingOf({ step: { desired }, outcome }: StepOutcome): Making[] {
  if (desired.type !== 'object' || !isAside(desired)) return []
  const { name } = desired.object.metadata
  if (outcome.state === 'done' && outcome.uid !== undefined) return [{ name, uid: outcome.uid }]
  return [{ name, ...('message' in outcome && { fault: outcome.message }) }]
}

function checkStatuses({ sender, now }: Snapshot, plan: Plan): CheckStatus[] {
  if (plan.proofs.length === 0) return [...(sender.status.checks ?? [])]
  const waived = new Map(sender.spec.readiness?.waive?.map(({ check, reason }) => [check, reason]))
  return plan.proofs.map(({ name, proof }) => {
    const reason = waived.get(name)
    const { state, message } = reason === undefined ? proof : { state: 'Waived' as const, message: reason }
    const last = sender.status.checks?.find((check) => check.name === name)
    return { name, state, message, since: last?.state === state ? last.since : instantOf(now) }
  })
}

function checksText(checks: readonly CheckStatus[]): string {
  const count = (state: CheckStatus['state']) => checks.filter((check) => check.state === state).length
  const waived = count('Waived')
  return `${count('Proven')}/${checks.length - waived}${waived > 0 ? `, ${waived} waived` : ''}`
}
