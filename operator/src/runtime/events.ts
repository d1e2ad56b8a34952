/** Kubernetes Events about a primary: deduplicated, never in the way of a pass. */
import type { Log } from './log.ts'
import type { KubernetesObject, Resource } from './object.ts'
import type { Transport } from './transport.ts'
import { randomUUID } from 'node:crypto'
import { messageOf } from './log.ts'
import { pathOf } from './object.ts'
import { Recent } from './recent.ts'

const EVENT: Resource = { apiVersion: 'events.k8s.io/v1', kind: 'Event', plural: 'events', namespaced: true }

export interface EventText {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** The same words about the same object are told once in this time. */
const QUIET_MS = 600_000
const MOST_REMEMBERED = 10_000
/** Events about one object in that time, however different their words. */
const MOST_OF_ONE = 50
const LONGEST_NOTE = 1_000
const DEADLINE_MS = 10_000
/** Where events go about what has no namespace, as client-go does it. */
const WITHOUT_NAMESPACE = 'default'

export class EventRecorder {
  readonly #transport: Transport
  readonly #controller: string
  readonly #instance: string
  readonly #log: Log
  readonly #told = new Recent<string, number>(MOST_REMEMBERED)
  readonly #budgets = new Recent<string, { readonly since: number; readonly spent: number }>(MOST_REMEMBERED)

  constructor(options: { transport: Transport; controller: string; instance: string; log: Log }) {
    this.#transport = options.transport
    this.#controller = options.controller
    this.#instance = options.instance
    this.#log = options.log
  }

  /** Sends and forgets: an event that is lost is a line in the log. */
  record(regarding: KubernetesObject, { type, reason, message }: EventText): void {
    const { name, namespace, uid, resourceVersion } = regarding.metadata
    const now = new Date()
    const subject = uid ?? name
    if (!this.#isNews(`${subject} ${type} ${reason} ${message}`, now.getTime())) return
    if (!this.#isAffordable(subject, now.getTime())) return
    const event = {
      apiVersion: EVENT.apiVersion,
      kind: EVENT.kind,
      metadata: {
        name: `${name}.${randomUUID()}`,
        namespace: namespace ?? WITHOUT_NAMESPACE,
      },
      eventTime: microTime(now),
      type,
      reason,
      action: reason,
      note: message.slice(0, LONGEST_NOTE),
      reportingController: this.#controller,
      reportingInstance: this.#instance,
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        name,
        namespace,
        uid,
        resourceVersion,
      },
    }
    this.#transport
      .request({
        method: 'POST',
        path: pathOf(EVENT, namespace ?? WITHOUT_NAMESPACE),
        body: event,
        deadlineMs: DEADLINE_MS,
      })
      .catch((error: unknown) => {
        this.#log.warn({ reason, error: messageOf(error) }, 'event lost')
      })
  }

  #isNews(words: string, now: number): boolean {
    const last = this.#told.get(words)
    if (last !== undefined && now - last < QUIET_MS) return false
    this.#told.set(words, now)
    return true
  }

  #isAffordable(subject: string, now: number): boolean {
    const budget = this.#budgets.get(subject)
    const present = budget && now - budget.since < QUIET_MS ? budget : { since: now, spent: 0 }
    if (present.spent >= MOST_OF_ONE) return false
    this.#budgets.set(subject, { since: present.since, spent: present.spent + 1 })
    return true
  }
}

/** An instant with microseconds, as `MicroTime` wants it. */
export function microTime(at: Date): string {
  return at.toISOString().replace('Z', '000Z')
}
