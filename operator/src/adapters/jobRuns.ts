/** Runs of Jobs that report: from the Jobs of our CronJobs, and the last words of their pods. */
import type { MigrationFault } from '../../../crds/migrationFault.ts'
import type { JobReport } from '../../../crds/jobReports.ts'
import type { JobRun, Sender } from '../components/snapshot.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import type { Store } from '../runtime/store.ts'
import { parseMigrationFault } from '../../../crds/migrationFault.ts'
import { parseJobReport } from '../../../crds/jobReports.ts'
import { COMPONENT } from '../vocabulary/labels.ts'
import { podTrouble } from './podTrouble.ts'
import { projectedMetadata } from './projectedMetadata.ts'
import { probeFacts } from './probeRuns.ts'

export interface RunStores {
  readonly cronJobs: Store
  readonly jobs: Store
  readonly pods: Store
}

/** Only what the owner references lead to, uid by uid: a label alone says nothing about whose a Job is. */
export function jobRuns(
  sender: Sender,
  { cronJobs, jobs, pods }: RunStores,
  components: readonly string[],
): readonly JobRun[] {
  const owners = [sender.uid, ...cronJobs.controlledBy(sender.uid).map(({ metadata }) => metadata.uid ?? '')]
  return owners
    .flatMap((uid) => jobs.controlledBy(uid))
    .flatMap((job) => {
      const component = job.metadata.labels?.[COMPONENT] ?? ''
      if (!components.includes(component)) return []
      return [runOf(job, component, pods.controlledBy(job.metadata.uid ?? ''))]
    })
}

interface JobStatus {
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly lastTransitionTime?: string
  }[]
}

function runOf(job: KubernetesObject, component: string, pods: readonly KubernetesObject[]): JobRun {
  const { conditions = [] } = (job['status'] ?? {}) as JobStatus
  const end = conditions.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  const state = end === undefined ? 'running' : end.type === 'Complete' ? 'complete' : 'failed'
  const facts = pods.map((pod) => pod as ProjectedPod)
  const madeAt = new Date(job.metadata.creationTimestamp ?? 0)
  return {
    name: job.metadata.name,
    component,
    state,
    madeAt,
    ...(end?.lastTransitionTime !== undefined && { endedAt: new Date(end.lastTransitionTime) }),
    ...idleness(facts, madeAt),
    reports: facts
      .flatMap(({ reports = [] }) => reports)
      .sort((left, right) => endOf(left).localeCompare(endOf(right))),
  }
}

const endOf = (report: JobReport): string => ('failedAt' in report ? report.failedAt : report.completedAt)

function idleness(pods: readonly ProjectedPod[], madeAt: Date): Pick<JobRun, 'idleSince' | 'waits'> {
  if (pods.some(({ isAtWork }) => isAtWork)) return {}
  const ends = pods.flatMap(({ endedAt }) => (endedAt === undefined ? [] : [Date.parse(endedAt)]))
  const waits = pods.find((pod) => pod.waits !== undefined)?.waits
  return {
    idleSince: new Date(Math.max(madeAt.getTime(), ...ends)),
    ...(waits !== undefined && { waits }),
  }
}

interface PodFacts {
  readonly reports: readonly JobReport[]
  readonly migrationFault?: MigrationFault
  readonly isAtWork: boolean
  readonly endedAt?: string
  readonly waits?: string
}

type ProjectedPod = KubernetesObject & Partial<PodFacts>

/** What a pod of the cache said when its migration failed, and when it ended. */
export function lastWordsOf(pod: KubernetesObject): Pick<PodFacts, 'migrationFault' | 'endedAt'> {
  return pod as ProjectedPod
}

/** Why a pod of the cache does not run. */
export function troubleOf(pod: KubernetesObject): string | undefined {
  return (pod as ProjectedPod).waits
}

interface PodStatus {
  readonly containerStatuses?: readonly {
    readonly state?: {
      readonly running?: object
      readonly terminated?: { readonly message?: string; readonly finishedAt?: string }
    }
  }[]
}

/** What the cache keeps of a pod: whose it is, whether it is at work, why it does not run, and what it reported. */
export function projectPod(raw: KubernetesObject): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: projectedMetadata(raw),
    ...podFacts(raw),
    ...probeFacts(raw),
  }
}

function podFacts(raw: KubernetesObject): PodFacts {
  const { containerStatuses = [] } = (raw['status'] ?? {}) as PodStatus
  const states = containerStatuses.map(({ state = {} }) => state)
  const endedAt = states
    .flatMap(({ terminated }) => terminated?.finishedAt ?? [])
    .sort()
    .at(-1)
  const waits = podTrouble(raw)
  const [fault] = states.flatMap(({ terminated }) => parseMigrationFault(terminated?.message ?? '') ?? [])
  return {
    reports: states.flatMap(({ terminated }) => parseJobReport(terminated?.message ?? '') ?? []),
    isAtWork: states.some(({ running }) => running !== undefined),
    ...(fault && { migrationFault: fault }),
    ...(endedAt !== undefined && { endedAt }),
    ...(waits !== undefined && { waits }),
  }
}
