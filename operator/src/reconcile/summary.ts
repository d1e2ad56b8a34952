/** The conditions that sum the others up: Ready, Reconciling, Stalled, ProductionReady. Pure. */
import type { Check as CheckStatus } from '../../../crds/schema/status.ts'
import type { ConditionType } from '../../../crds/schema/conditions.ts'
import type { SummaryReason } from '../../../crds/schema/summaryConditions.ts'
import type { NextCondition } from '../runtime/conditions.ts'
import { stalls, sumsIntoReady } from '../../../crds/schema/conditions.ts'

/** A condition of a component, judged in this pass. */
export type Judged = NextCondition & { readonly type: ConditionType }

export interface Summary {
  readonly ready: boolean
  readonly stalled: boolean
  readonly conditions: readonly NextCondition[]
}

/** Conditions whose messages make up Ready's when all is well: the figures a person asks for first. */
const TOLD_WHEN_READY: readonly ConditionType[] = ['WorkerReady', 'NatsReady']

/**
 * `Ready` copies reason and message of the worst condition; while it is not True exactly one of `Reconciling` and
 * `Stalled` stands beside it, and neither otherwise (kstatus).
 * @param premature this pass wrote for a spec that was never brought to its end
 */
export function summarize(all: readonly Judged[], premature: boolean): Summary {
  const judged = all.filter(({ type }) => sumsIntoReady(type))
  const open = judged.filter(({ status }) => status !== 'True')
  const stalled = open.find(({ type, reason }) => stalls(type, reason))
  const worst = stalled ?? open.find(({ status }) => status === 'False') ?? open[0]
  if (!worst && premature) return { ready: false, stalled: false, conditions: beingCarriedOut() }
  if (!worst) return { ready: true, stalled: false, conditions: [readyCondition(judged)] }
  const { status, reason, message } = worst
  const beside: NextCondition = stalled
    ? { type: 'Stalled', status: 'True', reason, message }
    : { type: 'Reconciling', status: 'True', reason: reconcilingReason(worst), message }
  return {
    ready: false,
    stalled: stalled !== undefined,
    conditions: [{ type: 'Ready', status, reason, message }, beside],
  }
}

function readyCondition(judged: readonly Judged[]): NextCondition {
  const told = TOLD_WHEN_READY.flatMap(
    (type) => judged.find((condition) => condition.type === type)?.message ?? [],
  )
  return { type: 'Ready', status: 'True', reason: 'Ready', message: told.join(', ') }
}

/** All looks well, but what was looked at is older than what was just written. */
function beingCarriedOut(): readonly NextCondition[] {
  const told = { reason: 'Progressing', message: 'the new spec is being carried out' }
  return [
    { type: 'Ready', status: 'Unknown', ...told },
    { type: 'Reconciling', status: 'True', ...told },
  ]
}

function reconcilingReason({ type }: Judged): SummaryReason {
  return type === 'DependenciesReachable' ? 'DependencyNotReady' : 'Progressing'
}

/** For an object that was suspended before it was ever set up. */
export function suspendedSummary(): readonly NextCondition[] {
  const message = 'suspended before it was set up'
  return [
    { type: 'Ready', status: 'Unknown', reason: 'Suspended', message },
    { type: 'Reconciling', status: 'True', reason: 'Suspended', message },
  ]
}

/** What does not work as specified is ready for nothing, whatever was proven of its parts. */
export function productionReady(checks: readonly CheckStatus[], ready: boolean): NextCondition {
  const proven = provenCondition(checks)
  if (ready || proven.status !== 'True') return proven
  return { type: 'ProductionReady', status: 'False', reason: NOT_READY, message: 'Ready is not True' }
}

const NOT_READY: SummaryReason = 'NotReady'

function provenCondition(checks: readonly CheckStatus[]): NextCondition {
  const open = checks.find(({ state }) => state !== 'Proven' && state !== 'Waived')
  if (!open && checks.length > 0)
    return {
      type: 'ProductionReady',
      status: 'True',
      reason: 'Proven',
      message: 'every check is proven or waived',
    }
  if (!open)
    return {
      type: 'ProductionReady',
      status: 'Unknown',
      reason: 'NotJudged',
      message: 'no check was made yet',
    }
  return {
    type: 'ProductionReady',
    status: open.state === 'Unknown' ? 'Unknown' : 'False',
    reason: open.state === 'Unknown' ? 'CheckUnknown' : 'CheckNotProven',
    message: `${open.name}: ${open.message}`,
  }
}
