/** The ports of the reconcile on a real API server. */
import type { Controller } from '../runtime/controller.ts'
import type { Evidence, Installation, Sender } from '../components/snapshot.ts'
import type { KubernetesObject, Resource } from '../runtime/object.ts'
import type { Ports } from '../reconcile/ports.ts'
import type { Tools } from '../reconcile/tools.ts'
import type { Transport } from '../runtime/transport.ts'
import type { EventRecorder } from '../runtime/events.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { OPERATOR, RETAINED_FOR } from '../vocabulary/labels.ts'
import { BatchSender, CronJob, Job, NetworkPolicy, Pod, Secret } from '../vocabulary/kinds.ts'
import { Applier } from '../runtime/apply.ts'
import { Failures } from '../runtime/failures.ts'
import { Repetitions } from '../runtime/repetitions.ts'
import { joinKey } from '../runtime/object.ts'
import { read } from '../runtime/read.ts'
import { writeStatus } from '../runtime/statusWriter.ts'
import { Authority } from './authority.ts'
import { jobRuns } from './jobRuns.ts'
import { probingOf } from './probeRuns.ts'
import { References } from './references.ts'
import { secretFacts } from './secretProjection.ts'
import { OtherOperators } from './otherOperators.ts'
import { GeneratedSecrets } from './secrets.ts'
import type { Sharing } from './sharing.ts'
import { Troubles } from './troubles.ts'

/** Of what is applied; Secrets are written without one, and the server names their manager after the user agent. */
export const FIELD_MANAGER = OPERATOR
const STATUS_MANAGER = 'batchsender-operator-status'

/** The part of the observers that a pass speaks to. */
export interface Watch {
  evidence(key: string): Evidence
  lookSoon(key: string): void
  /** What was seen so far is no longer how it is. */
  outdated(key: string, evidence: keyof Evidence): void
  attend(key: string): void
  dismiss(key: string): void
}

export interface KubernetesPortsOptions {
  readonly transport: Transport
  readonly controller: Controller
  readonly kinds: readonly Resource[]
  /** Components whose Jobs report. */
  readonly reporting: readonly string[]
  readonly installation: Installation
  /** Of servers outside. */
  readonly clients: Omit<Tools, 'cluster' | 'secrets' | 'authority'>
  readonly watch: Watch
  readonly sharing: Sharing
  readonly events: EventRecorder
  readonly metrics: Metrics
}

export function kubernetesPorts(options: KubernetesPortsOptions): Ports {
  const { transport, controller, installation, clients, watch, events, metrics } = options
  const now = () => new Date()
  const storeOf = (resource: Resource) => controller.store(resource)
  const applier = new Applier({ transport, fieldManager: FIELD_MANAGER, storeOf, metrics })
  const { sharing } = options
  const references = new References(transport, (url, namespace) => sharing.databases(url, namespace))
  const secrets = new GeneratedSecrets(transport, storeOf(Secret), now)
  const troubles = new Troubles(transport, storeOf(Pod))
  const others = new OtherOperators(transport)
  const primaries = storeOf(BatchSender)
  const runStores = { cronJobs: storeOf(CronJob), jobs: storeOf(Job), pods: storeOf(Pod) }
  const keyOf = ({ namespace, name }: Sender) => joinKey(namespace, name)
  const statusTarget = { transport, resource: BatchSender, store: primaries, fieldManager: STATUS_MANAGER }
  return {
    now,
    installation,
    presence: (namespace, signal) => others.presence(namespace, signal),
    primary: (key) => primaries.get(key),
    missingKinds: () => {
      const missing = options.kinds.filter((kind) => kind.optional === true && !controller.isServed(kind))
      return new Set(missing.map(({ kind }) => kind))
    },
    children: (sender) => childrenOf(sender, controller, options.kinds),
    secrets: (sender) => {
      const own = storeOf(Secret).controlledBy(sender.uid)
      const retained = [...storeOf(Secret).values()].filter((object) => isRetainedBy(object, sender))
      return new Map([...own, ...retained].map((object) => [object.metadata.name, secretFacts(object)]))
    },
    references: (sender, names, fresh, signal) => references.read(sender, names, fresh, signal),
    troubles: (sender, children, signal) => {
      const schedules = [...children.values()].filter(({ kind }) => kind === CronJob.kind)
      const runs = schedules.flatMap(({ metadata }) => runStores.jobs.controlledBy(metadata.uid ?? ''))
      return troubles.of(sender, [...children.values(), ...runs], signal)
    },
    evidence: (sender) => watch.evidence(keyOf(sender)),
    shared: (sender, facts) => sharing.of(sender, facts),
    runs: (sender) => jobRuns(sender, runStores, options.reporting),
    probing: (sender) => probingOf(sender, { ...runStores, policies: storeOf(NetworkPolicy) }),
    tools: {
      ...clients,
      secrets,
      authority: new Authority((namespace, name, signal) => secrets.read(namespace, name, signal), now),
      cluster: {
        apply: (resource, object, claim, signal) => applier.apply(resource, object, claim, signal),
        remove: (resource, namespace, name, owner, signal) =>
          applier.remove(resource, namespace, name, owner, signal),
        isThere: async (resource, namespace, name, signal) =>
          (await read(transport, resource, namespace, name, signal)) !== undefined,
      },
    },
    repetitions: new Repetitions(() => performance.now()),
    outdated: (sender, what) => {
      if (what === 'references') references.forget(keyOf(sender))
      else watch.outdated(keyOf(sender), what)
    },
    lookSoon: (sender) => {
      watch.lookSoon(keyOf(sender))
    },
    attend: (sender) => {
      watch.attend(keyOf(sender))
    },
    forget: (key) => {
      watch.dismiss(key)
      sharing.forget(key)
      references.forget(key)
    },
    async writeStatus(primary, status, signal) {
      await writeStatus(statusTarget, primary, status, signal)
    },
    failures: new Failures(() => performance.now()),
    event: (primary, event) => {
      events.record(primary, event)
    },
  }
}

function childrenOf(sender: Sender, controller: Controller, kinds: readonly Resource[]) {
  const children = new Map<string, KubernetesObject>()
  for (const kind of kinds)
    for (const object of controller.store(kind).controlledBy(sender.uid))
      children.set(`${kind.kind}/${object.metadata.name}`, object)
  return children
}

function isRetainedBy({ metadata }: KubernetesObject, sender: Sender): boolean {
  return metadata.namespace === sender.namespace && metadata.labels?.[RETAINED_FOR] === sender.name
}
