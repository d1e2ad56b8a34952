/** What was seen of the network: ports that the operator knocked at, and what the pods of a round of probes found. */
import type { V1LabelSelector } from '@kubernetes/client-node'
import type { Fate } from '../../../../crds/probeReport.ts'
import type { Raw } from '../parts/manifests.ts'

declare module '../snapshot.ts' {
  interface Evidence {
    readonly policyProbe?: Sighting<{ readonly ports: readonly ProbedPorts[] }>
  }
}

export interface ProbedPorts {
  readonly name: string
  readonly allowedPort: number
  readonly allowed: boolean
  readonly forbiddenPort?: number
  readonly forbidden?: boolean
}

/** A Job whose pod tries connections. */
export interface ProbeRun {
  readonly name: string
  readonly uid: string
  /** When the Job came to its end, either way. */
  readonly endedAt?: Date
  /** What its pod reported; only of a pod that runs the very program of the Job. */
  readonly fates?: readonly Fate[]
}

/** A NetworkPolicy of somebody else in the namespace. */
export interface OtherPolicy {
  readonly name: string
  readonly podSelector: Raw<V1LabelSelector>
  /** Tells a change of its rules. */
  readonly print: string
}

export interface Probing {
  readonly runs: readonly ProbeRun[]
  /** Sorted by name. */
  readonly others: readonly OtherPolicy[]
}
