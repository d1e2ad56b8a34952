/**
 * What keeps the pods of a BatchSender from running: what the pods themselves say, and where there is none, what the
 * controller that should have made it was told. Only events tell the latter of a Job or a StatefulSet.
 */
import type { KubernetesObject } from '../runtime/object.ts'
import type { Sender, Trouble } from '../components/snapshot.ts'
import type { Store } from '../runtime/store.ts'
import type { Transport } from '../runtime/transport.ts'
import { COMPONENT, INSTANCE, PROBE, PROBE_OF } from '../vocabulary/labels.ts'
import { Recent } from '../runtime/recent.ts'
import { lastWordsOf, troubleOf } from './jobRuns.ts'

/** The controllers try again with growing pauses, and say the same each time. */
const BELIEVED_MS = 10_000
const MOST_REMEMBERED = 10_000
const MOST_EVENTS = 50
const DEADLINE_MS = 5_000

interface Heard {
  readonly at: number
  readonly message: string | undefined
}

export class Troubles {
  readonly #transport: Transport
  readonly #pods: Store
  readonly #heard = new Recent<string, Heard>(MOST_REMEMBERED)

  constructor(transport: Transport, pods: Store) {
    this.#transport = transport
    this.#pods = pods
  }

  async of(
    sender: Sender,
    children: Iterable<KubernetesObject>,
    signal: AbortSignal,
  ): Promise<readonly Trouble[]> {
    const pods = [...this.#pods.values()].filter(({ metadata }) => isOf(metadata, sender))
    const ofPods = pods.flatMap((pod) => {
      const message = troubleOf(pod)
      return message === undefined ? [] : [trouble(pod, `pod ${pod.metadata.name}`, message)]
    })
    const all = [...children]
    const lacking = all.filter(lacksPods)
    const ofControllers = await Promise.all(
      lacking.map(async (child) => {
        const message = replicaFailure(child) ?? (await this.#lastWarning(child, signal))
        const subject = `${child.kind} ${child.metadata.name}`
        return message === undefined ? [] : [trouble(child, subject, `cannot make a pod: ${message}`)]
      }),
    )
    const ofJobs = all.flatMap((child) => lastWords(child, this.#pods))
    return [...ofPods, ...ofControllers.flat(), ...ofJobs].sort((left, right) =>
      left.text.localeCompare(right.text),
    )
  }

  async #lastWarning(child: KubernetesObject, signal: AbortSignal): Promise<string | undefined> {
    const { uid = '', namespace = '' } = child.metadata
    const last = this.#heard.get(uid)
    if (last && performance.now() - last.at < BELIEVED_MS) return last.message
    const fieldSelector = `involvedObject.uid=${uid},type=Warning`
    // What cannot be read is not told; it is no reason to know nothing else.
    const message = await this.#transport
      .request<{ items?: readonly WarningEvent[] }>({
        method: 'GET',
        path: `/api/v1/namespaces/${namespace}/events`,
        query: { fieldSelector, limit: String(MOST_EVENTS) },
        deadlineMs: DEADLINE_MS,
        signal,
      })
      .then(({ body }) => newest(body.items ?? [])?.message)
      .catch(() => undefined)
    this.#heard.set(uid, { at: performance.now(), message })
    return message
  }
}

interface WarningEvent {
  readonly reason?: string
  readonly message?: string
  readonly lastTimestamp?: string
  readonly eventTime?: string
}

/** What kept it from making a pod; a pod's own trouble is told by the pod. */
function newest(events: readonly WarningEvent[]): WarningEvent | undefined {
  const time = ({ lastTimestamp, eventTime }: WarningEvent) => lastTimestamp ?? eventTime ?? ''
  return events
    .filter(({ reason }) => reason === 'FailedCreate')
    .sort((left, right) => time(right).localeCompare(time(left)))
    .map((event) => ({ ...event, message: withoutNames(event.message ?? '') }))[0]
}

/** `Error creating: pods "x-abc12" is forbidden: …` names another pod with every try. */
function withoutNames(message: string): string {
  return (
    message.replace(/^.*?(?=(?:is forbidden|is invalid|failed calling|Internal error))/s, '').trim() ||
    message
  )
}

/** Of a Job of ours, uid by uid: a label alone says nothing about whose pod it is. */
function lastWords(job: KubernetesObject, pods: Store): readonly Trouble[] {
  if (job.kind !== 'Job') return []
  const [last] = pods
    .controlledBy(job.metadata.uid ?? '')
    .map(lastWordsOf)
    .filter(({ migrationFault }) => migrationFault !== undefined)
    .sort((left, right) => (right.endedAt ?? '').localeCompare(left.endedAt ?? ''))
  if (!last?.migrationFault) return []
  const { name } = job.metadata
  const found = trouble(job, `Job ${name}`, `failed: ${last.migrationFault.error}`)
  return [{ ...found, lastWords: { job: name, fault: last.migrationFault } }]
}

/** A pod that probes bears the labels of another component, whose trouble it is not. */
function trouble({ metadata: { labels = {} } }: KubernetesObject, subject: string, message: string): Trouble {
  const component = labels[PROBE] === undefined ? (labels[COMPONENT] ?? '') : 'probe'
  return { component, text: `${subject} ${message}` }
}

function isOf({ namespace, labels }: KubernetesObject['metadata'], sender: Sender): boolean {
  return namespace === sender.namespace && (labels?.[PROBE_OF] ?? labels?.[INSTANCE]) === sender.name
}

interface Controller {
  readonly spec?: { readonly replicas?: number; readonly suspend?: boolean }
  readonly status?: {
    readonly replicas?: number
    readonly active?: number
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly message?: string
    }[]
  }
}

/** Fewer pods than it should have made, whatever becomes of them. */
function lacksPods(child: KubernetesObject): boolean {
  const { spec = {}, status = {} } = child as Controller & KubernetesObject
  const { replicas = 1 } = spec
  if (child.kind === 'StatefulSet' || child.kind === 'Deployment') return (status.replicas ?? 0) < replicas
  return child.kind === 'Job' && spec.suspend !== true && isWithoutPod(status)
}

function isWithoutPod({ active = 0, conditions = [] }: NonNullable<Controller['status']>): boolean {
  return active === 0 && conditions.length === 0
}

function replicaFailure(child: KubernetesObject): string | undefined {
  const { status = {} } = child as Controller & KubernetesObject
  const found = status.conditions?.find(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True')
  return found?.message === undefined ? undefined : withoutNames(found.message)
}
