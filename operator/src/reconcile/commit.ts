/** The only writer of a pass: carries a Plan out, stage by stage, and says what became of each step. */
import type { Contest, Outcome, ReportPorts, WritePorts } from './ports.ts'
import type { Difference } from '../runtime/differences.ts'
import type { Desired } from '../components/desired.ts'
import type { Claim } from '../runtime/ownership.ts'
import type { Plan, Step } from './plan.ts'
import type { Snapshot } from '../components/snapshot.ts'
import { ownerReference } from '../components/parts/metadata.ts'
import { outcomeOfError } from './mishap.ts'
import type { Failures } from '../runtime/failures.ts'
import { isLost } from '../runtime/errors.ts'
import { isLasting } from '../runtime/failures.ts'
import { waitFor } from '../runtime/going.ts'
import { nameOf } from './ports.ts'

export interface StepOutcome {
  readonly step: Step
  readonly outcome: Outcome
  readonly contests: readonly Contest[]
  /** What admission made of it, told for the first time. */
  readonly rewritten?: readonly Difference[]
}

type CommitPorts = WritePorts & Pick<ReportPorts, 'failures'>

interface Context {
  readonly snapshot: Snapshot
  readonly claim: Claim
  readonly ports: CommitPorts
  readonly signal: AbortSignal
}

/**
 * An error is the outcome of its step alone: the other components go on, and what follows in the same one waits for the
 * next pass. Only where nobody answers at all is the rest not tried.
 * @throws only when the pass was called off.
 */
export async function commit(
  plan: Plan,
  snapshot: Snapshot,
  ports: CommitPorts,
  signal: AbortSignal,
): Promise<readonly StepOutcome[]> {
  const { adoptsOrphans } = snapshot.sender
  const claim = { ...ownerReference(snapshot.sender), adoptsOrphans }
  const context = { snapshot, claim, ports, signal }
  const outcomes: StepOutcome[] = []
  for (const stage of plan.stages) {
    const failed = new Set(outcomes.filter(isFailed).map(({ step }) => step.conditionType))
    const steps = stage.filter(({ conditionType }) => !failed.has(conditionType))
    outcomes.push(...(await Promise.all(steps.map((step) => carryOut(step, context)))))
    if (outcomes.some(({ outcome }) => outcome.state === 'failed' && isLost(outcome.error))) break
  }
  if (outcomes.some(({ outcome }) => outcome.state === 'done')) ports.lookSoon(snapshot.sender)
  return outcomes
}

export function isFailed({ outcome }: StepOutcome): boolean {
  return outcome.state === 'failed'
}

async function carryOut(step: Step, context: Context): Promise<StepOutcome> {
  const { ports, signal, snapshot } = context
  const what = nameOf(step.desired)
  const key = `${snapshot.sender.uid} ${what}`
  try {
    const written = await write(step.desired, context)
    return { step, contests: [], ...written, outcome: toldWhenItLasts(written.outcome, key, ports.failures) }
  } catch (error) {
    if (signal.aborted) throw error
    return { step, outcome: outcomeOfError(what, error, () => ports.failures.failed(key)), contests: [] }
  }
}

/** What may be over in a moment becomes something to know when it is not. */
function toldWhenItLasts(outcome: Outcome, key: string, failures: Failures): Outcome {
  if (outcome.state === 'waiting' && outcome.fault !== undefined)
    return isLasting(failures.failed(key)) ? { ...outcome, why: outcome.fault } : outcome
  failures.succeeded(key)
  return outcome
}

type Written = Pick<StepOutcome, 'outcome'> & Partial<StepOutcome>

async function write(desired: Desired, context: Context): Promise<Written> {
  const { claim, ports, signal, snapshot } = context
  const without = (outcome: Outcome): Written => ({ outcome })
  switch (desired.type) {
    case 'object':
      return applyObject(desired, context)
    case 'absent':
      return without(await removeObject(desired, context))
    case 'certificate':
      return without(await ports.issueCertificate(desired, claim, signal))
    case 'key':
      return without(await ports.makeKey(desired, claim, signal))
    case 'natsReload':
      return without(await ports.reloadNats(desired, snapshot.sender, signal))
    case 'queue':
      return without(await ports.keepQueue(desired, snapshot.sender, signal))
    case 'statement':
      return without(await ports.runStatement(desired, snapshot.sender, signal))
  }
}

async function removeObject(
  desired: Desired & { type: 'absent' },
  { claim, ports, signal, snapshot }: Context,
): Promise<Outcome> {
  const what = nameOf(desired)
  const removal = await ports.remove(desired.resource, snapshot.sender.namespace, desired.name, claim, signal)
  if (removal.state === 'terminating') return { state: 'waiting', what, ...waitFor(removal, snapshot.now) }
  return removal.state === 'removed' ? { state: 'done', change: 'removed', what } : { state: 'unchanged' }
}

async function applyObject(desired: Desired & { type: 'object' }, context: Context): Promise<Written> {
  const { claim, ports, signal, snapshot } = context
  const what = nameOf(desired)
  const applied = await ports.apply(desired.resource, desired.object, claim, signal)
  if (applied.state === 'foreign') {
    const { holder, orphaned } = applied
    return { outcome: { state: 'foreign', what, holder, orphaned } }
  }
  if (applied.state === 'terminating')
    return { outcome: { state: 'waiting', what, ...waitFor(applied, snapshot.now) } }
  const { rewrite } = applied
  return {
    outcome:
      applied.state === 'unchanged'
        ? { state: 'unchanged', ...(rewrite && { againMs: rewrite.againMs }) }
        : { state: 'done', change: applied.state, what },
    contests: (applied.contested ?? []).map((contest) => ({ object: what, ...contest })),
    ...(rewrite?.isNew === true && { rewritten: rewrite.differences }),
  }
}
