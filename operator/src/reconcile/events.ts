/** What a person is told through Events: only what changed, or what they must know. Pure. */
import type { BatchSenderStatus, Condition } from '../../../crds/schema/status.ts'
import type { Sender, Snapshot } from '../components/snapshot.ts'
import type { StepOutcome } from './commit.ts'
import { told } from '../runtime/differences.ts'
import { nameOf } from './ports.ts'

export interface SenderEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** What a pass did. */
export function deedsOf(snapshot: Snapshot, outcomes: readonly StepOutcome[]): readonly SenderEvent[] {
  return [
    ...outcomes.flatMap((outcome) => changeEvents(outcome, wasSettled(snapshot.sender, outcome))),
    ...outcomes.flatMap(contestEvents),
    ...outcomes.flatMap(rewriteEvents),
  ]
}

/** Whether what was changed had been brought to its end before, as a whole or in this part. */
function wasSettled({ status, generation }: Sender, { step }: StepOutcome): boolean {
  if (status.observedGeneration === generation) return true
  const last = status.conditions?.find(({ type }) => type === step.conditionType)
  return last?.status === 'True' && last.observedGeneration === generation
}

function changeEvents({ step, outcome }: StepOutcome, settled: boolean): readonly SenderEvent[] {
  if (outcome.state !== 'done') return []
  const { desired } = step
  if (desired.type === 'certificate')
    return [{ type: 'Normal', reason: 'CertificateIssued', message: `${outcome.what}: ${desired.reason}` }]
  if (desired.type === 'natsReload')
    return [
      {
        type: 'Normal',
        reason: 'NatsReloaded',
        message: `${outcome.what} ${desired.reason}: told to reload`,
      },
    ]
  if (desired.type === 'statement')
    return [
      {
        type: settled ? 'Warning' : 'Normal',
        reason: desired.reason,
        message: `${desired.message}: told ClickHouse`,
      },
    ]
  if (outcome.change === 'removed')
    return [{ type: 'Normal', reason: 'Removed', message: `${outcome.what} was removed` }]
  if (outcome.change === 'created')
    return settled
      ? [{ type: 'Warning', reason: 'Healed', message: `${outcome.what} was gone and is back` }]
      : [{ type: 'Normal', reason: 'Created', message: `${outcome.what} was created` }]
  return [
    {
      type: 'Normal',
      reason: settled ? 'Healed' : 'Updated',
      message: `${outcome.what} was brought back in line`,
    },
  ]
}

function contestEvents({ contests }: StepOutcome): readonly SenderEvent[] {
  return contests.map(({ object, manager, paths }) => ({
    type: 'Warning',
    reason: 'OwnershipContested',
    message: `${object}: ${manager} changed ${paths.slice(0, 8).join(', ')}; it was put back`,
  }))
}

/** What admission sets otherwise stands: telling it once is all that helps. */
function rewriteEvents({ step, rewritten = [] }: StepOutcome): readonly SenderEvent[] {
  if (rewritten.length === 0) return []
  const changes = rewritten.slice(0, 4).map(told).join(', ')
  return [
    {
      type: 'Warning',
      reason: 'AdmissionChanged',
      message: `admission changes ${nameOf(step.desired)}: ${changes}; it is left as it is`,
    },
  ]
}

/** Conditions that turned, told once. */
export function turnsOf(before: BatchSenderStatus, after: BatchSenderStatus): readonly SenderEvent[] {
  return (after.conditions ?? []).flatMap((condition): readonly SenderEvent[] => {
    const { type, status, reason, message } = condition
    const last = before.conditions?.find((one) => one.type === type)?.status
    if (last === status) return []
    if (type === 'Ready' && status === 'True') return [{ type: 'Normal', reason: 'Ready', message }]
    return isWarning(condition, last) ? [{ type: 'Warning', reason, message }] : []
  })
}

/** What was well and is not, what a person must change, and what is missing from the start. */
function isWarning({ type, status }: Condition, last: Condition['status'] | undefined): boolean {
  if (type === 'Stalled') return true
  return status === 'False' && (last === 'True' || (last === undefined && type === 'DependenciesReachable'))
}
