/** Decides everything about one BatchSender from one Snapshot. Pure: it reads nothing and writes nothing. */
import type { AnyComponent, AnyVerdict } from '../components/component.ts'
import type { Check, Proof } from '../checks/check.ts'
import type { CheckName, ConditionType } from '../../../crds/schema/conditions.ts'
import type { Desired } from '../components/desired.ts'
import type { Snapshot } from '../components/snapshot.ts'

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
  /** Look again after this long although nothing may happen by then; milliseconds. */
  readonly lookAgainMs?: number
}

/** What must be there before what: keys and accounts before the pods that use them. */
const ORDER: Readonly<Record<string, number>> = {
  key: 0,
  certificate: 0,
  ConfigMap: 1,
  ServiceAccount: 1,
  NetworkPolicy: 2,
  Service: 2,
  PodDisruptionBudget: 2,
  absent: 3,
  StatefulSet: 4,
  queue: 5,
  natsReload: 5,
  statement: 5,
  CronJob: 6,
  Job: 6,
  Deployment: 7,
  HorizontalPodAutoscaler: 8,
}

const rank = ({ desired }: Step): number =>
  ORDER[desired.type === 'object' ? desired.resource.kind : desired.type] ?? 3

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
  const verdicts = judges.map((component) => ({
    type: component.conditionType,
    verdict: component.verdict(snapshot),
  }))
  const proofs = invalid ? [] : checks.map((check) => ({ name: check.name, proof: check.prove(snapshot) }))
  const waits = [...verdicts.map(({ verdict }) => verdict), ...proofs.map(({ proof }) => proof)].flatMap(
    ({ lookAgainMs }) => lookAgainMs ?? [],
  )
  return {
    stages: invalid || snapshot.sender.spec.suspend === true ? [] : stages(snapshot, components),
    verdicts,
    proofs,
    ...(waits.length > 0 && { lookAgainMs: Math.min(...waits, LONGEST_LOOK_AGAIN_MS) }),
  }
}

function stages(snapshot: Snapshot, components: readonly AnyComponent[]): readonly (readonly Step[])[] {
  const steps = components.flatMap((component) =>
    component.desired(snapshot).map((desired) => ({ desired, conditionType: component.conditionType })),
  )
  const byRank = Map.groupBy(steps, rank)
  return [...byRank.keys()].sort((left, right) => left - right).map((key) => byRank.get(key) ?? [])
}
