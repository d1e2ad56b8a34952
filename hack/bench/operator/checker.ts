/** Proves that a contestant did the whole work and nothing else, or its figures do not count. Pure. */
import type { KubernetesObject } from '../../../operator/src/runtime/object.ts'
import { isDeepStrictEqual } from 'node:util'
import { childrenOf } from './fixture.ts'
import { says } from './says.ts'

interface Status {
  readonly ready?: boolean
  readonly observedGeneration?: number
}

/** What is compared beside `metadata` and what the server keeps. */
const KEPT_BY_SERVER = new Set(['apiVersion', 'kind', 'metadata', 'status'])

export function isReady(bench: KubernetesObject): boolean {
  const status = bench['status'] as Status | undefined
  return status?.ready === true && status.observedGeneration === bench.metadata.generation
}

/** @param find looks up a child by kind and name. @returns one sentence for each fault; none when all is well. */
export function faultsOf(
  benches: readonly KubernetesObject[],
  find: (kind: string, name: string) => KubernetesObject | undefined,
): readonly string[] {
  return benches.flatMap((bench) => [
    ...(isReady(bench) ? [] : [`Bench ${bench.metadata.name} is not ready`]),
    ...childrenOf(bench).flatMap((desired) => {
      const { name } = desired.metadata
      const live = find(desired.kind, name)
      if (!live) return [`${desired.kind} ${name} is missing`]
      return isAsDesired(live, desired) ? [] : [`${desired.kind} ${name} is not as desired`]
    }),
  ])
}

/** Labels and owners to the letter; of the rest, what is desired, and no section besides. */
export function isAsDesired(live: KubernetesObject, desired: KubernetesObject): boolean {
  const { labels, annotations, ownerReferences, finalizers } = live.metadata
  return (
    isDeepStrictEqual(labels, desired.metadata.labels) &&
    isDeepStrictEqual(ownerReferences, desired.metadata.ownerReferences) &&
    annotations === undefined &&
    finalizers === undefined &&
    sectionsOf(live).every((section) => section in desired) &&
    sectionsOf(desired).every((section) => says(live[section], desired[section]))
  )
}

function sectionsOf(object: KubernetesObject): readonly string[] {
  return Object.keys(object).filter((name) => !KEPT_BY_SERVER.has(name))
}
