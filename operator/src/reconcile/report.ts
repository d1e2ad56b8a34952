/** Turns verdicts, proofs and what became of the writes into the status. Pure. */
import type { BatchSenderStatus, Check as CheckStatus, Condition } from '../../../crds/schema/status.ts'
import type { Plan } from './plan.ts'
import type { Sender, Snapshot } from '../components/snapshot.ts'
import type { StepOutcome } from './commit.ts'
import type { NextCondition } from '../runtime/conditions.ts'
import { CONDITION_TYPES } from '../../../crds/schema/conditions.ts'
import { mergeConditions } from '../runtime/conditions.ts'
import { requestedJob } from '../components/backup/onDemand.ts'
import { migrationMemory } from '../components/worker/migration.ts'
import { evidenceStatus, workersStatus } from './figures.ts'
import { overlay } from './overlay.ts'
import { timestamp } from './timestamp.ts'
import { productionReady, suspendedSummary, summarize } from './summary.ts'

export function report(snapshot: Snapshot, plan: Plan, outcomes: readonly StepOutcome[]): BatchSenderStatus {
  const { sender } = snapshot
  return sender.spec.suspend === true ? suspendedStatus(snapshot) : activeStatus(snapshot, plan, outcomes)
}

function activeStatus(snapshot: Snapshot, plan: Plan, outcomes: readonly StepOutcome[]): BatchSenderStatus {
  const { sender, now } = snapshot
  const judged = overlay(plan.verdicts, outcomes, sender)
  const kept = keptConditions(
    sender,
    judged.map(({ type }) => type),
  )
  const checks = checkStatuses(snapshot, plan)
  const isNew = sender.status.observedGeneration !== sender.generation
  const isPremature = isNew && outcomes.some(({ outcome }) => ['done', 'failed'].includes(outcome.state))
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
    ...handledRequest(sender),
    ...handledBackup(snapshot, outcomes),
    ...migrationMemory(snapshot),
    conditions: [...merged, ...kept],
    checks,
    evidence: evidenceStatus(snapshot, outcomes),
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

/** Everything as it was, stamped with the new generation only when nothing but `suspend` changed. */
function suspendedStatus({ sender, now }: Snapshot): BatchSenderStatus {
  const { status } = sender
  const onlyToggled = status.observedSpecHash === sender.specHash
  const generation = onlyToggled ? sender.generation : (status.observedGeneration ?? -1)
  const before = (status.conditions ?? []).filter(({ type }) => type !== 'Suspended')
  const stamped: readonly NextCondition[] = before.length > 0 ? before : suspendedSummary()
  const conditions = mergeConditions(status.conditions ?? [], stamped, {
    generation: Math.max(0, generation),
    now,
  })
  const suspended = mergeConditions(
    status.conditions ?? [],
    [
      {
        type: 'Suspended',
        status: 'True',
        reason: 'Suspended',
        message: 'spec.suspend is set: nothing is written',
      },
    ],
    { generation: sender.generation, now },
  )
  return {
    ...status,
    observedGeneration: generation,
    ...handledRequest(sender),
    conditions: [...conditions, ...suspended],
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

function handledRequest(sender: Sender): Pick<BatchSenderStatus, 'lastHandledReconcileAt'> {
  const handled = sender.requestedAt ?? sender.status.lastHandledReconcileAt
  return handled === undefined ? {} : { lastHandledReconcileAt: handled }
}

/** A request is done with when its Job is there, and never again. */
function handledBackup(
  snapshot: Snapshot,
  outcomes: readonly StepOutcome[],
): Pick<BatchSenderStatus, 'lastHandledBackupRequest'> {
  const { backupRequestedAt: wanted, status } = snapshot.sender
  const made =
    requestedJob(snapshot)?.isThere === true ||
    outcomes.some(
      ({ step: { desired, conditionType }, outcome }) =>
        conditionType === 'BackupReady' &&
        desired.type === 'object' &&
        desired.resource.kind === 'Job' &&
        (outcome.state === 'done' || outcome.state === 'unchanged'),
    )
  const handled = made ? wanted : status.lastHandledBackupRequest
  return handled === undefined ? {} : { lastHandledBackupRequest: handled }
}

function checkStatuses({ sender, now }: Snapshot, plan: Plan): CheckStatus[] {
  if (plan.proofs.length === 0) return [...(sender.status.checks ?? [])]
  const waived = new Map(sender.spec.readiness?.waive?.map(({ check, reason }) => [check, reason]))
  return plan.proofs.map(({ name, proof }) => {
    const reason = waived.get(name)
    const { state, message } = reason === undefined ? proof : { state: 'Waived' as const, message: reason }
    const last = sender.status.checks?.find((check) => check.name === name)
    return { name, state, message, since: last?.state === state ? last.since : timestamp(now) }
  })
}

function checksText(checks: readonly CheckStatus[]): string {
  const count = (state: CheckStatus['state']) => checks.filter((check) => check.state === state).length
  const waived = count('Waived')
  return `${count('Proven')}/${checks.length - waived}${waived > 0 ? `, ${waived} waived` : ''}`
}
