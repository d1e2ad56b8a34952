/** Lays what became of the writes over the verdicts: a refused write speaks louder than a healthy look. Pure. */
import type { ConditionType } from '../../../crds/schema/conditions.ts'
import type { Judged } from './summary.ts'
import type { Outcome } from './ports.ts'
import type { Plan } from './plan.ts'
import type { Sender } from '../components/snapshot.ts'
import type { StepOutcome } from './commit.ts'
import { ANNOTATIONS, declares } from '../../../crds/schema/conditions.ts'

export function overlay(
  verdicts: Plan['verdicts'],
  outcomes: readonly StepOutcome[],
  sender: Sender,
): readonly Judged[] {
  return verdicts.map(({ type, verdict: { status, reason, message } }): Judged => {
    const fault = faultOf(type, outcomes)
    if (fault) return { type, ...fault }
    const judged = { type, status, reason, message }
    return status === 'True' ? judged : (stillTrue(type, outcomes, sender) ?? judged)
  })
}

/**
 * What was found missing and made again in the same pass takes nothing back: the pass that follows at once judges what
 * became of it.
 */
function stillTrue(
  type: ConditionType,
  outcomes: readonly StepOutcome[],
  sender: Sender,
): Judged | undefined {
  // What was only asked for, such as a reload, is not mended by that, and may be asked for again and again.
  const healed = outcomes.some(
    ({ step, outcome }) =>
      step.conditionType === type && outcome.state === 'done' && outcome.change !== 'requested',
  )
  const last = sender.status.conditions?.find((condition) => condition.type === type)
  if (!healed || last?.status !== 'True' || last.observedGeneration !== sender.generation) return undefined
  return { type, status: 'True', reason: last.reason, message: last.message }
}

function faultOf(type: ConditionType, outcomes: readonly StepOutcome[]): Omit<Judged, 'type'> | undefined {
  const mine = outcomes.filter(({ step }) => step.conditionType === type).map(({ outcome }) => outcome)
  return (
    nameConflict(mine.filter((outcome) => outcome.state === 'foreign')) ??
    refusal(
      type,
      mine.filter((outcome) => outcome.state === 'refused'),
    ) ??
    failure(mine.filter((outcome) => outcome.state === 'failed')) ??
    blocked(mine.filter((outcome) => outcome.state === 'waiting')) ??
    (type === 'SpecValid' ? invalidPart(outcomes) : undefined)
  )
}

function nameConflict(
  foreign: readonly (Outcome & { state: 'foreign' })[],
): Omit<Judged, 'type'> | undefined {
  if (foreign.length === 0) return undefined
  const held = foreign.map((outcome) => `${outcome.what} belongs to ${outcome.holder}`).sort()
  const ways = [...new Set(foreign.map(wayOut))].sort()
  return { status: 'False', reason: 'NameConflict', message: `${held.join('; ')}: ${ways.join('; ')}` }
}

/** Never to remove a Secret: it may hold the only key to what is on a volume, or the authority that all trust. */
function wayOut({ what, orphaned = false }: Outcome & { state: 'foreign' }): string {
  if (orphaned)
    return `it has our labels and lost its owner: annotate the BatchSender with ${ANNOTATIONS.adoptOrphans}=true to take it back`
  if (what.startsWith('Secret '))
    return `if the operator made it, give it back its labels (docs/ownership.md), otherwise rename the BatchSender`
  return 'remove it or rename the BatchSender'
}

function refusal(
  type: ConditionType,
  refused: readonly (Outcome & { state: 'refused' })[],
): Omit<Judged, 'type'> | undefined {
  const [first] = refused
  if (!first) return undefined
  // What one condition can say of a refusal another may not know.
  const reason = first.reason !== undefined && declares(type, first.reason) ? first.reason : 'WriteRefused'
  return { status: 'False', reason, message: `${first.what}: ${first.message}` }
}

function failure(failed: readonly (Outcome & { state: 'failed' })[]): Omit<Judged, 'type'> | undefined {
  const first = failed.find(({ lasting }) => lasting)
  if (!first) return undefined
  return { status: 'False', reason: 'WriteFailed', message: `${first.what}: ${first.message}` }
}

function blocked(waiting: readonly (Outcome & { state: 'waiting' })[]): Omit<Judged, 'type'> | undefined {
  const told = waiting.flatMap(({ what, why }) => (why === undefined ? [] : [`${what} ${why}`])).sort()
  if (told.length === 0) return undefined
  return { status: 'False', reason: 'Blocked', message: told.join('; ') }
}

/** A pod spec is passed on as the user wrote it, so the API server is the one to say what is wrong with it. */
function invalidPart(outcomes: readonly StepOutcome[]): Omit<Judged, 'type'> | undefined {
  for (const { outcome } of outcomes) {
    if (outcome.state === 'refused' && outcome.invalid)
      return { status: 'False', reason: 'Invalid', message: `${outcome.what}: ${outcome.message}` }
  }
  return undefined
}
