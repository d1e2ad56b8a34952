/** What to do next about a condition of whatever kind, by its reason. Pure. */
import type { SummaryReason } from '../../../crds/schema/summaryConditions.ts'
import { NOTHING, OPERATOR_LOG, to, WAIT_A_MOMENT, type Advice, type Advised } from './adviceWords.ts'
import { CONDITION_ADVICE } from './conditionAdvice.ts'

/** Of reasons that only Ready, Reconciling, Stalled, Suspended and ProductionReady give. */
export const SUMMARY_ADVICE: Readonly<Record<SummaryReason, Advised>> = {
  Ready: NOTHING,
  Progressing: WAIT_A_MOMENT,
  DependencyNotReady: to('Create or complete the Secret that the message names.', 'api.md'),
  PassFailed: to(OPERATOR_LOG, 'runbooks/operator-failing.md'),
  Suspended: to(
    `Resume it: kubectl patch bs NAME --type=merge -p '{"spec":{"suspend":false}}'.`,
    'ownership.md#suspending',
  ),
  Proven: NOTHING,
  NotReady: to('Make it Ready first: see the conditions that are not True.', 'runbooks/not-ready.md'),
  CheckNotProven: to('See the checks below, each with what to do.', 'runbooks/check-failing.md'),
  CheckUnknown: to('See the checks below: what could not be looked at.', 'runbooks/check-failing.md'),
  NotJudged: WAIT_A_MOMENT,
}

const SUMMARIES: readonly string[] = ['Ready', 'Reconciling', 'Stalled', 'Suspended', 'ProductionReady']

/** @returns `undefined` where there is nothing to do, or the operator is newer than this program */
export function adviceOn({
  type,
  reason,
}: {
  readonly type: string
  readonly reason: string
}): Advice | undefined {
  const found = SUMMARIES.includes(type) ? ofSummary(reason) : ofPart(type, reason)
  return found === NOTHING ? undefined : found
}

function ofPart(type: string, reason: string): Advised | undefined {
  const table: Readonly<Record<string, Readonly<Record<string, Advised>>>> = CONDITION_ADVICE
  return table[type]?.[reason]
}

/** Ready repeats the reason of the condition it sums up, which has its own line. */
function ofSummary(reason: string): Advised | undefined {
  const table: Readonly<Record<string, Advised>> = SUMMARY_ADVICE
  return table[reason]
}
