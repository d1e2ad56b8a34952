/**
 * What kstatus makes of an object, after its rules (sigs.k8s.io/cli-utils, pkg/kstatus/status/generic.go), and what
 * `kubectl wait --for=condition=Ready` does (kubectl, pkg/cmd/wait/condition.go). Written anew as an oracle for tests.
 */
import type { BatchSenderStatus, Condition } from '../../../crds/schema/status.ts'

export type Kstatus = 'Current' | 'InProgress' | 'Failed'

export function kstatusOf(generation: number, status: BatchSenderStatus): Kstatus {
  const conditions = status.conditions ?? []
  if (status.observedGeneration !== undefined && status.observedGeneration !== generation) return 'InProgress'
  const abnormal = conditions.find(
    ({ type, status: value }) => value === 'True' && (type === 'Reconciling' || type === 'Stalled'),
  )
  if (abnormal) return abnormal.type === 'Stalled' ? 'Failed' : 'InProgress'
  return (conditions.find(({ type }) => type === 'Ready')?.status ?? 'True') === 'True'
    ? 'Current'
    : 'InProgress'
}

export function kubectlWaitIsMet(generation: number, status: BatchSenderStatus): boolean {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && ready.observedGeneration >= generation
}

interface Look {
  readonly generation: number
  readonly observedGeneration: number
  readonly conditions: readonly Condition[]
  readonly ready: Condition | undefined
  readonly isTrue: (type: string) => boolean
}

const RULES: Readonly<Record<string, (look: Look) => boolean>> = {
  'Ready is there': ({ ready }) => ready !== undefined,
  'no condition stands twice': ({ conditions }) =>
    new Set(conditions.map(({ type }) => type)).size === conditions.length,
  'Reconciling and Stalled never stand together': ({ isTrue }) =>
    !(isTrue('Reconciling') && isTrue('Stalled')),
  'Reconciling and Stalled are there only while True': ({ conditions }) =>
    conditions.every(
      ({ type, status }) => status === 'True' || (type !== 'Reconciling' && type !== 'Stalled'),
    ),
  'either of them is there exactly while Ready is not True': ({ ready, isTrue }) =>
    (ready?.status === 'True') !== (isTrue('Reconciling') || isTrue('Stalled')),
  'observedGeneration is not ahead': ({ observedGeneration, generation }) => observedGeneration <= generation,
  'no condition is ahead': ({ conditions, generation }) =>
    conditions.every((condition) => condition.observedGeneration <= generation),
  'Ready is of the generation that the status claims': ({ observedGeneration, generation, ready }) =>
    observedGeneration !== generation || ready?.observedGeneration === generation,
}

/** Rules that hold for every status ever written; an empty list when they all do. */
export function contractBreaches(generation: number, status: BatchSenderStatus): string[] {
  const conditions = status.conditions ?? []
  const look: Look = {
    generation,
    observedGeneration: status.observedGeneration ?? -1,
    conditions,
    ready: conditions.find(({ type }) => type === 'Ready'),
    isTrue: (type) => conditions.some((one) => one.type === type && one.status === 'True'),
  }
  return Object.entries(RULES).flatMap(([rule, holds]) => (holds(look) ? [] : [rule]))
}
