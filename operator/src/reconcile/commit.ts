/** The only writer of a pass: carries a Plan out, stage by stage, and says what became of each step. */
import type { Failures } from '../runtime/failures.ts'
import type { Contest, Outcome, ReportPorts, WritePorts } from './ports.ts'
import type { EffectContext, Written } from './effects/effect.ts'
import type { Plan, Step } from './plan.ts'
import type { Snapshot } from '../components/snapshot.ts'
import { ownerReference } from '../components/parts/metadata.ts'
import { isLost } from '../runtime/errors.ts'
import { isLasting } from '../runtime/failures.ts'
import { attempt } from './attempt.ts'
import { nounOf } from './effects/index.ts'
import { outcomeOfError } from './mishap.ts'

export interface StepOutcome extends Written {
  readonly step: Step
  readonly contests: readonly Contest[]
}

type CommitPorts = WritePorts & Pick<ReportPorts, 'failures'>

type Context = EffectContext & { readonly ports: CommitPorts }

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
  const { sender, now } = snapshot
  const claim = { ...ownerReference(sender), adoptsOrphans: sender.adoptsOrphans }
  const context = { sender, now, claim, tools: ports.tools, ports, signal }
  const outcomes: StepOutcome[] = []
  for (const stage of plan.stages) {
    const failed = new Set(outcomes.filter(isFailed).map(({ step }) => step.conditionType))
    const steps = stage.filter(({ conditionType }) => !failed.has(conditionType))
    outcomes.push(...(await Promise.all(steps.map((step) => carryOut(step, context)))))
    if (outcomes.some(({ outcome }) => outcome.state === 'failed' && isLost(outcome.error))) break
  }
  if (outcomes.some(({ outcome }) => outcome.state === 'done')) ports.lookSoon(sender)
  return outcomes
}

export function isFailed({ outcome }: StepOutcome): boolean {
  return outcome.state === 'failed'
}

async function carryOut(step: Step, context: Context): Promise<StepOutcome> {
  const { ports, signal, sender } = context
  const what = nounOf(step.desired)
  const key = `${sender.uid} ${what}`
  try {
    const written = await attempt(step.desired, context)
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
