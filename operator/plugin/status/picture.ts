/** What is told of one BatchSender: conditions, checks and figures, with what to do. Text, JSON and reports are made from it. Pure. */
import type { Check, Condition } from '../../../crds/schema/status.ts'
import type { Seen } from '../cluster/senders.ts'
import type { Advice } from './adviceWords.ts'
import type { Figure } from './figures.ts'
import { CHECKS } from '../../../crds/schema/checks.ts'
import { CONDITIONS } from '../../../crds/schema/conditions.ts'
import { SUMMARY_CONDITIONS } from '../../../crds/schema/summaryConditions.ts'
import { adviceOn } from './advice.ts'
import { adviceOnCheck } from './checkAdvice.ts'
import { figuresOf } from './figures.ts'

export interface ToldCondition extends Condition {
  readonly meaning: string
  readonly advice?: Advice
}

export interface ToldCheck extends Check {
  /** What it proves. */
  readonly meaning: string
  readonly advice?: Advice
}

export interface Picture {
  readonly name: string
  readonly namespace: string
  readonly ready: Condition['status'] | 'not judged yet'
  readonly headline: string
  /** The last edit was not carried out yet. */
  readonly isBehind: boolean
  readonly summary: { readonly checks?: string; readonly workers?: string }
  readonly operator?: string
  readonly conditions: readonly ToldCondition[]
  readonly checks: readonly ToldCheck[]
  readonly figures: readonly Figure[]
}

const ORDER = [...Object.keys(SUMMARY_CONDITIONS), ...Object.keys(CONDITIONS)]

export function pictureOf({ name, namespace, generation, status }: Seen): Picture {
  const fill = filler(name, namespace)
  const conditions = (status.conditions ?? []).toSorted((left, right) => place(left.type) - place(right.type))
  const ready = conditions.find(({ type }) => type === 'Ready')
  return {
    ...{ name, namespace, headline: ready?.message ?? NOBODY },
    ready: ready?.status ?? 'not judged yet',
    isBehind: (status.observedGeneration ?? -1) !== generation,
    summary: status.summary ?? {},
    ...(status.operator !== undefined && { operator: status.operator }),
    conditions: conditions.map((condition) => ({
      ...condition,
      meaning: MEANINGS[condition.type] ?? '',
      ...(isOpen(condition) && advised(adviceOn(condition), fill)),
    })),
    checks: (status.checks ?? []).map((check) => ({
      ...check,
      meaning: PROOFS[check.name] ?? '',
      ...advised(adviceOnCheck(check), fill),
    })),
    figures: figuresOf(status.evidence),
  }
}

const NOBODY =
  'no operator has looked at it yet: see whether one runs that keeps this namespace (docs/runbooks/operator-down.md)'

const place = (type: string) => (ORDER.includes(type) ? ORDER.indexOf(type) : ORDER.length)

const MEANINGS: Readonly<Record<string, string>> = {
  ...SUMMARY_CONDITIONS,
  ...Object.fromEntries(Object.entries(CONDITIONS).map(([type, { doc }]) => [type, doc])),
}
const PROOFS: Readonly<Record<string, string>> = CHECKS

/** These stand only while something is to be known. */
const PRESENT_WHILE_OPEN: readonly string[] = ['Reconciling', 'Stalled', 'Suspended']
/** True, and still something that only a person can do. */
const TRUE_AND_OPEN: readonly string[] = ['Ending', 'EarlyCold', 'NotInstalled']

export function isOpen({ type, status, reason }: Pick<Condition, 'type' | 'status' | 'reason'>): boolean {
  if (PRESENT_WHILE_OPEN.includes(type)) return status === 'True'
  return status !== 'True' || TRUE_AND_OPEN.includes(reason)
}

function filler(name: string, namespace: string) {
  return (text: string) => text.replaceAll(/\bNAMESPACE\b/g, namespace).replaceAll(/\bNAME\b/g, name)
}

function advised(advice: Advice | undefined, fill: (text: string) => string): { readonly advice?: Advice } {
  return advice ? { advice: { ...advice, next: fill(advice.next) } } : {}
}
