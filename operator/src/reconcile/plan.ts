/** Decides everything about one BatchSender from one Snapshot. Pure: it reads nothing and writes nothing. */
import type { AnyComponent, AnyVerdict, Verdict } from '../components/component.ts'
import type { Check, Proof } from '../checks/check.ts'
import type { CheckName } from '../../../crds/schema/checks.ts'
import type { ConditionType } from '../../../crds/schema/conditions.ts'
import type { Desired } from '../components/desired.ts'
import type { Snapshot } from '../components/snapshot.ts'
import { effectOf } from './effects/index.ts'
import { asItStands } from './suspension.ts'

/** One thing to bring about, and the condition that tells of it. */
export interface Step {
  readonly desired: Desired
  readonly conditionType: ConditionType
}

export interface Plan {
  /** One after the other; the steps within one need nothing of each other. */
  readonly stages: readonly (readonly Step[])[]
  readonly verdicts: readonly { readonly type: ConditionType; readonly verdict: AnyVerdict }[]
  readonly proofs: readonly { readonly name: CheckName; readonly proof: Proof }[]
  /** What components and checks threw; told as `InternalError` and for the log. */
  readonly defects: readonly unknown[]
  /** Look again after this long although nothing may happen by then; milliseconds. */
  readonly lookAgainMs?: number
}

/** Timers overflow beyond 24 days; half a day is soon enough for anything that nothing announces. */
const LONGEST_LOOK_AGAIN_MS = 43_200_000

export function planOf(
  snapshot: Snapshot,
  components: readonly AnyComponent[],
  checks: readonly Check[],
): Plan {
  // Nothing but its faults can be told of a spec that makes no sense; what it made before is left running.
  const invalid = snapshot.sender.specFaults.length > 0
  const judges = invalid
    ? components.filter(({ conditionType }) => conditionType === 'SpecValid')
    : components
  const seen = asItStands(snapshot)
  const defects: unknown[] = []
  const attempt = attemptWith(defects)
  const verdicts = judges.map((component) => ({
    type: component.conditionType,
    verdict: attempt(() => component.verdict(seen), DEFECT),
  }))
  const proofs = invalid
    ? []
    : checks.map((check) => ({ name: check.name, proof: attempt(() => check.prove(seen), UNPROVEN) }))
  const waits = [...verdicts.map(({ verdict }) => verdict), ...proofs.map(({ proof }) => proof)].flatMap(
    ({ lookAgainMs }) => lookAgainMs ?? [],
  )
  return {
    stages: invalid || snapshot.sender.spec.suspend === true ? [] : stages(snapshot, components, attempt),
    verdicts,
    proofs,
    defects,
    ...(waits.length > 0 && { lookAgainMs: Math.min(...waits, LONGEST_LOOK_AGAIN_MS) }),
  }
}

/** One component that throws must not take the word from the others. */
const DEFECT: Verdict<'SpecValid'> = {
  status: 'Unknown',
  reason: 'InternalError',
  message: 'the operator has a defect here: see its log',
}
const UNPROVEN: Proof = { state: 'Unknown', message: 'the operator has a defect here: see its log' }

type Attempt = <Value, Instead>(work: () => Value, instead: Instead) => Value | Instead

function attemptWith(defects: unknown[]): Attempt {
  return (work, instead) => {
    try {
      return work()
    } catch (error) {
      defects.push(error)
      return instead
    }
  }
}

function stages(
  snapshot: Snapshot,
  components: readonly AnyComponent[],
  attempt: Attempt,
): readonly (readonly Step[])[] {
  const steps = components.flatMap((component) =>
    attempt(() => component.desired(snapshot), []).map((desired) => ({
      desired,
      conditionType: component.conditionType,
    })),
  )
  const byRank = Map.groupBy(steps, ({ desired }) => effectOf(desired).rank(desired))
  return [...byRank.keys()].sort((left, right) => left - right).map((key) => byRank.get(key) ?? [])
}
