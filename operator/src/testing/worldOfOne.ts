/**
 * One BatchSender in a cluster made of values, for passes of the real pipeline: what controllers and kubelets would do
 * happens when the test says so, and two operators may hold different copies of the object.
 */
import type { BatchSenderSpec } from '../../../crds/schema/batchsender.ts'
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { ReferenceFacts } from '../components/snapshot.ts'
import type { Ports } from '../reconcile/ports.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import { checks } from '../checks/index.ts'
import { components } from '../components/index.ts'
import { reconcile } from '../reconcile/reconcile.ts'
import { ApiError } from '../runtime/errors.ts'
import { Failures } from '../runtime/failures.ts'
import { allReferences, INSTALLATION, issuedSecrets, NOW, sender, snapshot, SPEC } from './snapshots.ts'

const KEY = 'mail/orders'
const OPERATORS = ['a', 'b'] as const
type Operator = (typeof OPERATORS)[number]

export interface Written {
  readonly generation: number
  readonly status: BatchSenderStatus
  readonly by: Operator
}

export class World {
  readonly written: Written[] = []
  readonly children = new Map<string, KubernetesObject>()
  references: Map<string, ReferenceFacts> = allReferences()
  natsAnswers = true
  /** What happens to the next writes of children, one for each. */
  readonly faults: Error[] = []
  readonly #failures = new Failures(() => this.#seconds * 1_000)
  #primary: KubernetesObject = {
    apiVersion: 'batchsender.io/v1alpha1',
    kind: 'BatchSender',
    metadata: { name: 'orders', namespace: 'mail', uid: 'uid-orders', generation: 1, resourceVersion: '1' },
    spec: SPEC,
  }
  #version = 1
  #seconds = 0
  /** Each operator's own copy, as its watch brought it. */
  readonly #copies = new Map<Operator, KubernetesObject>()
  leader: Operator = 'a'

  constructor() {
    this.catchUp()
  }

  get generation(): number {
    return this.#primary.metadata.generation ?? 0
  }

  get status(): BatchSenderStatus {
    return this.#primary['status'] ?? {}
  }

  get spec(): BatchSenderSpec {
    return this.#primary['spec'] as BatchSenderSpec
  }

  /** The watches bring both operators up to date. */
  catchUp(): void {
    for (const operator of OPERATORS) this.#copies.set(operator, this.#primary)
  }

  wait(seconds: number): void {
    this.#seconds += seconds
  }

  edit(spec: object): void {
    const generation = this.generation + 1
    this.#primary = this.#next({ spec, metadata: { ...this.#primary.metadata, generation } })
  }

  annotate(annotations: Record<string, string>): void {
    this.#primary = this.#next({ metadata: { ...this.#primary.metadata, annotations } })
  }

  /** Controllers and kubelets have done what they were told, or pods are gone. */
  pods(ready: boolean): void {
    for (const [key, child] of this.children) {
      const status = statusOf(child, ready)
      if (status) this.children.set(key, { ...child, status })
    }
  }

  /** @throws what ends a pass: a lost connection, a conflict. */
  async pass(by: Operator = this.leader): Promise<void> {
    await reconcile(KEY, { components, checks }, this.#ports(by), new AbortController().signal)
  }

  #now(): Date {
    return new Date(NOW.getTime() + this.#seconds * 1_000)
  }

  #next(more: object): KubernetesObject {
    this.#version += 1
    const next = { ...this.#primary, ...more }
    return { ...next, metadata: { ...next.metadata, resourceVersion: String(this.#version) } }
  }

  #apply(wish: KubernetesObject): ReturnType<Ports['apply']> {
    const fault = this.faults.shift()
    if (fault) return Promise.reject(fault)
    const key = `${wish.kind}/${wish.metadata.name}`
    const known = this.children.get(key)
    const { status, ...rest } = known ?? { status: undefined }
    const generation = (known?.metadata.generation ?? 0) + 1
    const object = { ...wish, metadata: { ...wish.metadata, uid: `uid of ${key}`, generation } }
    const isSame =
      known && JSON.stringify({ ...rest, metadata: null }) === JSON.stringify({ ...wish, metadata: null })
    if (isSame) return Promise.resolve({ state: 'unchanged', object: known })
    this.children.set(key, status === undefined ? object : { ...object, status })
    return Promise.resolve({ state: known ? 'updated' : 'created', object })
  }

  #ports(by: Operator): Ports {
    const unchanged = () => Promise.resolve({ state: 'unchanged' } as const)
    return {
      now: () => this.#now(),
      installation: INSTALLATION,
      primary: () => this.#copies.get(by),
      children: () => this.children,
      secrets: () => issuedSecrets(sender()),
      runs: () => [],
      troubles: () => Promise.resolve([]),
      references: () => Promise.resolve(this.references),
      evidence: () => this.#evidence(),
      apply: (_resource, wish) => this.#apply(wish),
      remove: (resource, _namespace, name) =>
        Promise.resolve(this.children.delete(`${resource.kind}/${name}`)),
      issueCertificate: unchanged,
      makeKey: unchanged,
      reloadNats: unchanged,
      keepQueue: unchanged,
      runStatement: unchanged,
      lookSoon: () => undefined,
      forget: () => undefined,
      attend: () => undefined,
      event: () => undefined,
      failures: this.#failures,
      writeStatus: (primary, status) => this.#writeStatus(by, primary, status),
    }
  }

  #evidence() {
    const { natsHandshake, jetstream } = snapshot({ now: this.#now() }).evidence
    if (!natsHandshake || !jetstream) throw new Error('the snapshot of a healthy one has no evidence')
    const lookedAt = this.#now()
    return {
      natsHandshake: { ...natsHandshake, lookedAt },
      jetstream: this.natsAnswers
        ? { ...jetstream, lookedAt }
        : { lookedAt, seen: { reached: false as const, fault: 'NATS does not answer' } },
    }
  }

  /** Only over the version that was seen, as the server does with a status that names it. */
  #writeStatus(by: Operator, seen: KubernetesObject, status: BatchSenderStatus): Promise<void> {
    if (seen.metadata.resourceVersion !== this.#primary.metadata.resourceVersion)
      return Promise.reject(new ApiError(409, { kind: 'Status', reason: 'Conflict', message: 'changed' }))
    if (JSON.stringify(status) === JSON.stringify(this.status)) return Promise.resolve()
    this.#primary = this.#next({ status })
    this.#copies.set(by, this.#primary)
    this.written.push({ generation: this.generation, status, by })
    return Promise.resolve()
  }
}

function statusOf({ kind, metadata, ...object }: KubernetesObject, ready: boolean): object | undefined {
  const { replicas = 1 } = (object['spec'] ?? {}) as { replicas?: number }
  const count = ready ? replicas : 0
  const observed = { observedGeneration: metadata.generation, replicas, readyReplicas: count }
  if (kind === 'Deployment') return { ...observed, updatedReplicas: replicas, availableReplicas: count }
  if (kind === 'StatefulSet')
    return { ...observed, availableReplicas: count, currentRevision: '1', updateRevision: '1' }
  if (kind === 'Job' && ready) return { conditions: [{ type: 'Complete', status: 'True' }] }
  return undefined
}
