/** What a person is told through Events: only what changed, or what they must know. Pure. */
import type { BatchSenderStatus, Condition } from '../../../crds/schema/status.ts'
import type { Sender, Snapshot } from '../components/snapshot.ts'
import type { SenderEvent } from './effects/effect.ts'
import type { StepOutcome } from './commit.ts'
import type { ReasonOf } from '../../../crds/schema/conditions.ts'
import { isAside } from '../components/desired.ts'
import { told } from '../runtime/differences.ts'
import { effectOf, nounOf } from './effects/index.ts'

/** What a pass did. */
export function deedsOf(snapshot: Snapshot, outcomes: readonly StepOutcome[]): readonly SenderEvent[] {
  return [
    ...outcomes
      .filter(({ step }) => !isAside(step.desired))
      .flatMap((outcome) => changeEvents(outcome, wasSettled(snapshot.sender, outcome))),
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

function changeEvents({ step: { desired }, outcome }: StepOutcome, settled: boolean): readonly SenderEvent[] {
  return outcome.state === 'done' ? [effectOf(desired).event(desired, outcome, settled)] : []
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
      message: `admission changes ${nounOf(step.desired)}: ${changes}; it is left as it is`,
    },
  ]
}

function newRefusals(before: BatchSenderStatus, after: BatchSenderStatus): readonly SenderEvent[] {
  const known = new Set(before.evidence?.backup?.refused?.map(({ what }) => what))
  return (after.evidence?.backup?.refused ?? [])
    .filter(({ what }) => !known.has(what))
    .map(({ what, message }) => ({
      type: 'Warning',
      reason: 'ReportRefused',
      message: `${what}: ${message}`,
    }))
}

const SHARED = {
  postgres: 'its database of PostgreSQL',
  clickhouse: 'its database of ClickHouse',
  backup: 'the place of its backups',
} as const

/** Told when it begins. */
function shareEvents(before: BatchSenderStatus, after: BatchSenderStatus): readonly SenderEvent[] {
  const known = before.evidence?.shared ?? []
  return (after.evidence?.shared ?? []).flatMap((share) => {
    const last = known.find(({ what }) => what === share.what)?.with ?? []
    const added = share.with.filter((who) => !last.includes(who))
    if (added.length === 0) return []
    return [
      {
        type: 'Warning',
        reason: 'Shared',
        message: `${SHARED[share.what]} is also that of ${added.join(', ')}`,
      },
    ]
  })
}

/** What turned, told once. */
export function turnsOf(before: BatchSenderStatus, after: BatchSenderStatus): readonly SenderEvent[] {
  return [...conditionEvents(before, after), ...shareEvents(before, after), ...newRefusals(before, after)]
}

function conditionEvents(before: BatchSenderStatus, after: BatchSenderStatus): readonly SenderEvent[] {
  return (after.conditions ?? []).flatMap((condition): readonly SenderEvent[] => {
    const { type, status, reason, message } = condition
    const previous = before.conditions?.find((one) => one.type === type)
    const last = previous?.status
    if (ends(condition) && previous?.reason !== reason) return [{ type: 'Warning', reason, message }]
    if (last === status) return []
    if (isGoodNews(condition, last)) return [{ type: 'Normal', reason, message }]
    return isWarning(condition, last) ? [{ type: 'Warning', reason, message }] : []
  })
}

/** All is well, and will not be for long: told once, and well before. */
function ends({ type, reason }: Condition): boolean {
  return type === 'NatsTLSReady' && reason === ENDING
}

const ENDING: ReasonOf<'NatsTLSReady'> = 'Ending'

/** What GitOps waits for, and the end of what somebody may have been woken for. */
function isGoodNews({ type, status }: Condition, last: Condition['status'] | undefined): boolean {
  return status === 'True' && (type === 'Ready' || (type === 'MailFlowing' && last === 'False'))
}

/** What was well and is not, what a person must change, and what is missing from the start. */
function isWarning({ type, status }: Condition, last: Condition['status'] | undefined): boolean {
  if (type === 'Stalled') return true
  return status === 'False' && (last === 'True' || (last === undefined && type === 'DependenciesReachable'))
}
