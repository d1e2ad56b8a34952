/** The shape of every managed thing: what should exist, what is, and the verdict on it. All of it pure. */
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { ConditionType, ReasonOf } from '../../../crds/schema/conditions.ts'
import type { Resource } from '../runtime/object.ts'
import type { Desired } from './desired.ts'
import type { Snapshot } from './snapshot.ts'
import { withCanonicalQuantities } from './parts/canonicalQuantities.ts'

export interface Verdict<Type extends ConditionType> {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: ReasonOf<Type>
  /** One sentence; no times of observation. */
  readonly message: string
  /** When to look again although nothing may happen by then; milliseconds. */
  readonly lookAgainMs?: number
}

/** What a component has to show in `status.evidence`, beside its verdict. */
export type Figures = NonNullable<BatchSenderStatus['evidence']>

/** Whether this pass made an object, or found it as it should be. */
export type IsMade = (resource: Resource, name: string) => boolean

/** A component whose observed facts are its own business. */
export interface Component<Type extends ConditionType> {
  readonly name: string
  readonly conditionType: Type
  /** Kinds it may create: they become informers and rights. */
  readonly owns: readonly Resource[]
  /** Kinds of which it may delete what is no longer desired. */
  readonly prunes: readonly Resource[]
  /** Kinds that it looks at and never writes. */
  readonly reads?: readonly Resource[]
  /** What should exist. An empty list while something must come first. */
  desired(snapshot: Snapshot): readonly Desired[]
  verdict(snapshot: Snapshot): Verdict<Type>
  /** Each of its own: no two components show the same figure. */
  figures?(snapshot: Snapshot, isMade: IsMade): Figures
}

/** The same as it is written: the verdict in two steps. */
export interface ComponentShape<Type extends ConditionType, Observed> extends Omit<
  Component<Type>,
  'verdict'
> {
  /** The few facts that the verdict needs. */
  observe(snapshot: Snapshot): Observed
  condition(observed: Observed): Verdict<Type>
}

/** Any of them, as the list holds them. */
export type AnyComponent = { [Type in ConditionType]: Component<Type> }[ConditionType]
export type AnyVerdict = { [Type in ConditionType]: Verdict<Type> }[ConditionType]

export function component<Type extends ConditionType, Observed>(
  shape: ComponentShape<Type, Observed>,
): Component<Type> & Pick<ComponentShape<Type, Observed>, 'observe' | 'condition'> {
  return {
    ...shape,
    desired: (snapshot) => shape.desired(snapshot).map(inServersForm),
    verdict: (snapshot) => shape.condition(shape.observe(snapshot)),
  }
}

function inServersForm(desired: Desired): Desired {
  return desired.type === 'object' ? { ...desired, object: withCanonicalQuantities(desired.object) } : desired
}
