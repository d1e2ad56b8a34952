/** Runs of the Jobs that probe, and the NetworkPolicies of others in the namespace. */
import { createHash } from 'node:crypto'
import type { Fate } from '../../../crds/probeReport.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import type { Sender } from '../components/snapshot.ts'
import type { OtherPolicy, Probing, ProbeRun } from '../components/networkPolicy/seen.ts'
import type { Store } from '../runtime/store.ts'
import { parseFates } from '../../../crds/probeReport.ts'
import { withoutStatusOwners } from '../runtime/managedFields.ts'
import { controllerOf } from '../runtime/object.ts'
import { BatchSender } from '../vocabulary/kinds.ts'
import { PROBE } from '../vocabulary/labels.ts'
import { projectedMetadata } from './projectedMetadata.ts'

type Owned = Pick<Store, 'controlledBy'>

export interface ProbeStores {
  readonly jobs: Owned
  readonly pods: Owned
  readonly policies: Pick<Store, 'values'>
}

export function probingOf(sender: Sender, { jobs, pods, policies }: ProbeStores): Probing {
  return {
    runs: jobs
      .controlledBy(sender.uid)
      .filter(({ metadata }) => metadata.labels?.[PROBE] !== undefined)
      .map((job) => runOf(job, pods.controlledBy(job.metadata.uid ?? ''))),
    others: [...policies.values()]
      .filter(
        (policy) =>
          policy.metadata.namespace === sender.namespace && controllerOf(policy)?.uid !== sender.uid,
      )
      .map(otherOf)
      .sort((left, right) => (left.name < right.name ? -1 : 1)),
  }
}

interface Container {
  readonly name?: string
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
}

interface PodSpec {
  readonly containers?: readonly Container[]
}

function runOf(job: KubernetesObject, pods: readonly KubernetesObject[]): ProbeRun {
  const endedAt = endOf(job)
  const { template } = (job['spec'] ?? {}) as { template?: { spec?: PodSpec } }
  const program = programOf(template?.spec)
  // Whoever may create pods could make one that seems to be of the Job, which itself makes no second one.
  const reports = pods.flatMap((pod) => (pod as Partial<ProbeFacts> & KubernetesObject).probe ?? [])
  const [only] = reports
  const fates = reports.length === 1 && only?.program === program ? only.fates : undefined
  return {
    name: job.metadata.name,
    uid: job.metadata.uid ?? '',
    ...(endedAt && { endedAt }),
    ...(fates && { fates }),
  }
}

interface JobStatus {
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly lastTransitionTime?: string
  }[]
}

function endOf(job: KubernetesObject): Date | undefined {
  const { conditions = [] } = (job['status'] ?? {}) as JobStatus
  const end = conditions.find(({ type, status }) => ENDS.includes(type) && status === 'True')
  return end?.lastTransitionTime === undefined ? undefined : new Date(end.lastTransitionTime)
}

const ENDS: readonly string[] = ['Complete', 'Failed']

interface ProbeFacts {
  readonly probe: { readonly program: string; readonly fates?: readonly Fate[] }
}

interface PodStatus {
  readonly containerStatuses?: readonly {
    readonly name?: string
    readonly state?: { readonly terminated?: { readonly message?: string } }
  }[]
}

/** What the cache keeps of a pod that probes: what it runs, and what it reported. */
export function probeFacts(raw: KubernetesObject): ProbeFacts | undefined {
  if (raw.metadata.labels?.[PROBE] === undefined) return undefined
  const fates = reportOf(raw['status'] ?? {})
  return { probe: { program: programOf(raw['spec'] ?? {}), ...(fates && { fates }) } }
}

function reportOf({ containerStatuses = [] }: PodStatus): readonly Fate[] | undefined {
  const ours = containerStatuses.find(({ name }) => name === CONTAINER)
  return parseFates(ours?.state?.terminated?.message ?? '')
}

const CONTAINER = 'probe'

/** A mesh may have put containers of its own beside ours. */
function programOf({ containers = [] }: PodSpec = {}): string {
  const { image = '', command = [], args = [] } = containers.find(({ name }) => name === CONTAINER) ?? {}
  return createHash('sha256')
    .update(JSON.stringify([image, command, args]))
    .digest('hex')
}

interface PolicyFacts {
  readonly podSelector: OtherPolicy['podSelector']
  readonly print: string
}

/** Of somebody else's policy the cache keeps whom it selects, and what tells a change. */
export function projectPolicy(raw: KubernetesObject): KubernetesObject {
  if (controllerOf(raw)?.kind === BatchSender.kind) return withoutStatusOwners(raw)
  return { apiVersion: raw.apiVersion, kind: raw.kind, metadata: projectedMetadata(raw), ...policyFacts(raw) }
}

function policyFacts(raw: KubernetesObject): PolicyFacts {
  const { podSelector = {} } = (raw['spec'] ?? {}) as { podSelector?: OtherPolicy['podSelector'] }
  return {
    podSelector,
    print: createHash('sha256').update(JSON.stringify(raw['spec'])).digest('hex').slice(0, 16),
  }
}

/** Of another BatchSender in the namespace the cache has the whole. */
function otherOf(policy: KubernetesObject): OtherPolicy {
  const { podSelector, print } = 'print' in policy ? (policy as unknown as PolicyFacts) : policyFacts(policy)
  return { name: policy.metadata.name, podSelector, print }
}
