/**
 * One BatchSender in a cluster made of values, for passes of the real pipeline: what controllers and kubelets would do
 * happens when the test says so, and two operators may hold different copies of the object.
 */
import type { BatchSenderSpec } from '../../../crds/schema/batchsender.ts'
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { ReferenceFacts } from '../components/snapshot.ts'
import type { ApplyOutcome } from '../runtime/applyOutcome.ts'
import type { Ports } from '../reconcile/ports.ts'
import type { SecretTool, Tools } from '../reconcile/tools.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import { checks } from '../checks/index.ts'
import { components } from '../components/index.ts'
import { reconcile } from '../reconcile/reconcile.ts'
import { ApiError } from '../runtime/errors.ts'
import { Failures } from '../runtime/failures.ts'
import { Repetitions } from '../runtime/repetitions.ts'
import { FULL, fullReferences } from './fullSpec.ts'
import { gatewayStatus } from './gatewayStatus.ts'
import { IDLE_TOOLS } from './idleTools.ts'
import { backupsSeen } from './modelBackups.ts'
import { ModelClickhouse } from './modelClickhouse.ts'
import { ModelSecrets } from './modelSecrets.ts'
import { INSTALLATION, NOW, sender, snapshot } from './snapshots.ts'

const KEY = 'mail/orders'

/** What becomes of one write of a child. */
export type Fault = Error | 'rewritten' | 'terminating'
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
  readonly clickhouse = new ModelClickhouse()
  references: Map<string, ReferenceFacts> = fullReferences()
  natsAnswers = true
  /** CronJobs do what they should. */
  backsUp = true
  /** What happens to the next writes of children, one for each. */
  readonly faults: Fault[] = []
  /** Requests that changed something, or tried to. */
  writes = 0
  readonly secrets = new ModelSecrets()
  readonly #failures = new Failures(() => this.#seconds * 1_000)
  readonly #repetitions = new Repetitions(() => this.#seconds * 1_000)
  #primary: KubernetesObject = {
    apiVersion: 'batchsender.io/v1alpha1',
    kind: 'BatchSender',
    metadata: { name: 'orders', namespace: 'mail', uid: 'uid-orders', generation: 1, resourceVersion: '1' },
    spec: FULL,
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

  areWorkersReady(): boolean {
    const status = this.children.get('Deployment/orders-worker')?.['status']
    return ((status as { availableReplicas?: number } | undefined)?.availableReplicas ?? 0) > 0
  }

  /** A key is as it was at first; of a certificate the authority says how long it is for. */
  async #keep(...[{ name, type }, , make]: Parameters<SecretTool['keep']>): ReturnType<SecretTool['keep']> {
    this.writes += 1
    const what = `Secret ${name}`
    if (type === 'Opaque') {
      this.secrets.restore(name)
      return { state: 'done', change: 'created', what }
    }
    const serial = String(this.#version + this.writes)
    const { durationMs } = (await make(undefined)) ?? {}
    this.secrets.issue(name, serial, this.#now(), durationMs === undefined ? undefined : Number(durationMs))
    return { state: 'done', change: 'updated', what }
  }

  /** Every certificate that a node or a client shows ends within the hour. */
  ageCertificates(): void {
    this.secrets.age(new Date(this.#now().getTime() + 3_600_000))
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

  #apply(wish: KubernetesObject): Promise<ApplyOutcome> {
    const key = `${wish.kind}/${wish.metadata.name}`
    const known = this.children.get(key)
    if (known && isAsWished(known, wish)) return Promise.resolve({ state: 'unchanged', object: known })
    this.writes += 1
    const fault = this.faults.shift()
    if (fault instanceof Error) return Promise.reject(fault)
    if (fault !== undefined) return Promise.resolve(this.#answer(fault, wish))
    const generation = (known?.metadata.generation ?? 0) + 1
    const status = known?.['status']
    const object = { ...wish, metadata: { ...wish.metadata, uid: `uid of ${key}`, generation } }
    this.children.set(key, status === undefined ? object : { ...object, status })
    return Promise.resolve({ state: known ? 'updated' : 'created', object })
  }

  #answer(fault: 'rewritten' | 'terminating', wish: KubernetesObject): ApplyOutcome {
    if (fault === 'terminating')
      return { state: 'terminating', since: this.#now().toISOString(), finalizers: ['example.com/held'] }
    const differences = [{ path: 'spec.x', live: 'y' }]
    return { state: 'unchanged', object: wish, rewrite: { differences, isNew: true, againMs: 60_000 } }
  }

  #ports(by: Operator): Ports {
    return {
      now: () => this.#now(),
      installation: INSTALLATION,
      presence: () => Promise.resolve('gone'),
      primary: () => this.#copies.get(by),
      missingKinds: () => new Set(),
      children: () => this.children,
      secrets: () => this.secrets.facts,
      probing: () => ({ runs: [], others: [] }),
      runs: () => [],
      troubles: () => Promise.resolve([]),
      shared: () => [],
      references: () => Promise.resolve(this.references),
      evidence: () => this.#evidence(),
      tools: this.#tools(),
      repetitions: this.#repetitions,
      outdated: () => undefined,
      lookSoon: () => undefined,
      forget: () => undefined,
      attend: () => undefined,
      event: () => undefined,
      failures: this.#failures,
      writeStatus: (primary, status) => this.#writeStatus(by, primary, status),
    }
  }

  #tools(): Tools {
    return {
      ...IDLE_TOOLS,
      cluster: {
        ...IDLE_TOOLS.cluster,
        apply: (_resource, wish) => this.#apply(wish),
        remove: (resource, _namespace, name) => {
          this.writes += 1
          const isGone = this.children.delete(`${resource.kind}/${name}`)
          return Promise.resolve({ state: isGone ? 'removed' : 'absent' })
        },
      },
      secrets: { ...IDLE_TOOLS.secrets, keep: (...wish) => this.#keep(...wish) },
      authority: {
        certify: (request) =>
          Promise.resolve('durationMs' in request ? { durationMs: String(request.durationMs) } : {}),
      },
      clickhouse: {
        run: (_server, texts) => {
          this.writes += 1
          this.clickhouse.run(texts)
          return Promise.resolve(undefined)
        },
      },
    }
  }

  #evidence() {
    const who = sender({ spec: this.spec })
    const { natsHandshake, natsConfiguration, jetstream } = snapshot({ sender: who }).evidence
    if (!natsHandshake || !natsConfiguration || !jetstream)
      throw new Error('the snapshot of a healthy one has no evidence')
    const lookedAt = this.#now()
    const servedSerial = this.secrets.facts.get('orders-nats-server')?.certificate?.serial ?? ''
    const nodes = natsHandshake.seen.nodes.map((node) => ({ ...node, servedSerial }))
    return {
      natsHandshake: { seen: { nodes }, lookedAt },
      natsConfiguration: { ...natsConfiguration, lookedAt },
      clickhouse: { seen: this.clickhouse.look(), lookedAt },
      ...(this.backsUp && { backups: { seen: backupsSeen(lookedAt), lookedAt } }),
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

/** Whatever the server added to it counts for nothing. */
function isAsWished(known: KubernetesObject, wish: KubernetesObject): boolean {
  const { uid, generation } = known.metadata
  const metadata = { ...wish.metadata, uid, generation }
  return (
    JSON.stringify({ ...known, status: undefined }) ===
    JSON.stringify({ ...wish, metadata, status: undefined })
  )
}

function statusOf({ kind, metadata, ...object }: KubernetesObject, ready: boolean): object | undefined {
  const { replicas = 1 } = (object['spec'] ?? {}) as { replicas?: number }
  const count = ready ? replicas : 0
  const observed = { observedGeneration: metadata.generation, replicas, readyReplicas: count }
  if (kind === 'Deployment') return { ...observed, updatedReplicas: replicas, availableReplicas: count }
  if (kind === 'StatefulSet')
    return { ...observed, availableReplicas: count, currentRevision: '1', updateRevision: '1' }
  if (kind === 'Job' && ready) return { conditions: [{ type: 'Complete', status: 'True' }] }
  return ready ? gatewayStatus({ kind, metadata, ...object }) : undefined
}
