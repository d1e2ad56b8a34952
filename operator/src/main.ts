/** The operator: settings → clients → caches → leadership → passes. Ends cleanly on SIGTERM. */
import { networkInterfaces } from 'node:os'
import { pino } from 'pino'
import type { KubernetesObject, Resource } from './runtime/object.ts'
import type { Sender } from './components/snapshot.ts'
import { Clickhouse } from './adapters/clickhouse.ts'
import { dialGuard } from './adapters/dialGuard.ts'
import { kubernetesPorts } from './adapters/kubernetes.ts'
import { Nats } from './adapters/nats.ts'
import { projectSecret, secretFacts } from './adapters/secretProjection.ts'
import { projectPod } from './adapters/jobRuns.ts'
import { checks } from './checks/index.ts'
import { REPORTING } from './components/backup/backup.ts'
import { components } from './components/index.ts'
import { natsSecrets } from './components/parts/natsTopology.ts'
import { Watchman } from './observers/watchman.ts'
import { observersOf } from './observing.ts'
import { senderOf } from './reconcile/gather.ts'
import { reconcile } from './reconcile/reconcile.ts'
import { aborted } from './runtime/aborted.ts'
import { Controller } from './runtime/controller.ts'
import { messageOf, type Log } from './runtime/log.ts'
import { inCluster, type Credentials } from './runtime/credentials.ts'
import { EventRecorder } from './runtime/events.ts'
import { LeaderElection } from './runtime/lease.ts'
import { createMetrics } from './runtime/metrics.ts'
import { serveProbes } from './runtime/probes.ts'
import { createTransport } from './runtime/transport.ts'
import { parseSettings, type OperatorSettings } from './settings.ts'
import { BatchSender, Job, Pod, Secret } from './vocabulary/kinds.ts'
import { CHILDREN_SELECTOR, INSTANCE, OPERATOR, RETAINED_FOR } from './vocabulary/labels.ts'

/** A little longer than passes are given to end in, and less than the pod is. */
const GIVE_UP_MS = 32_000

const settings = parseSettings()
const log: Log = pino({ level: settings.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime })
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    stop.abort(new Error(signal))
  })
process.on('unhandledRejection', (error) => {
  log.error({ error: messageOf(error) }, 'a promise was left alone')
})

try {
  await run(settings, stop.signal)
  log.info({}, 'stopped')
} catch (error) {
  log.error({ error: messageOf(error) }, 'the operator ends')
  process.exitCode = 1
} finally {
  // Whatever still hangs after a clean end has had its time.
  setTimeout(() => process.exit(), 1_000).unref()
}

async function run(settings: OperatorSettings, signal: AbortSignal): Promise<void> {
  const metrics = createMetrics()
  metrics.leader.set({ name: OPERATOR }, 0)
  const credentials = await credentialsOf(settings)
  const transport = createTransport(credentials, metrics, { userAgent: OPERATOR })
  // Passes that wait for a connection must not keep the lease from being renewed.
  const leaseTransport = createTransport(credentials, metrics, { userAgent: OPERATOR, maxSockets: 2 })
  const scopes = settings.watchNamespaces.length === 0 ? [[]] : settings.watchNamespaces.map((name) => [name])
  const controllers = scopes.map((namespaces) =>
    controllerFor(namespaces, settings, transport, metrics, signal),
  )
  const isSynced = () => controllers.every((controller) => controller.isSynced)
  const probes = await serveProbes({
    port: settings.probePort,
    registry: metrics.registry,
    isHealthy: () => true,
    isReady: isSynced,
  })
  try {
    log.info({ namespaces: settings.watchNamespaces, identity: settings.identity }, 'filling caches')
    await Promise.race([
      Promise.all(controllers.map((controller) => controller.startCaches(signal))),
      aborted(signal),
    ])
    if (signal.aborted) return
    const lead = async (term: AbortSignal, lost?: AbortSignal) => {
      metrics.leader.set({ name: OPERATOR }, 1)
      await drained(Promise.all(controllers.map((controller) => controller.work(term, lost))), term)
      metrics.leader.set({ name: OPERATOR }, 0)
    }
    await (settings.leaderElection ? election(settings, leaseTransport).run(signal, lead) : lead(signal))
  } finally {
    await probes.close()
    leaseTransport.close()
    transport.close()
  }
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address))
}

async function credentialsOf({ kubeconfig, inCluster: pod }: OperatorSettings): Promise<Credentials> {
  if (kubeconfig === undefined && pod) return inCluster(pod)
  const { fromKubeconfig } = await import('./runtime/kubeconfig.ts')
  return fromKubeconfig(kubeconfig)
}

function election(settings: OperatorSettings, transport: ReturnType<typeof createTransport>): LeaderElection {
  const { namespace, identity } = settings
  return new LeaderElection({ transport, namespace, identity, name: OPERATOR, log })
}

function controllerFor(
  namespaces: readonly string[],
  settings: OperatorSettings,
  transport: ReturnType<typeof createTransport>,
  metrics: ReturnType<typeof createMetrics>,
  signal: AbortSignal,
): Controller {
  const { installation } = settings
  const kinds = ownedKinds()
  const controller: Controller = new Controller({
    name: 'batchsender',
    transport,
    primary: BatchSender,
    namespaces,
    metrics,
    log,
    watches: [
      ...kinds.map((resource) => ({
        resource,
        labelSelector: CHILDREN_SELECTOR,
        ...(resource === Secret && { project: projectSecret, toKeys: secretKeys }),
        ...(resource === Job && { toKeys: instanceKeys }),
      })),
      {
        resource: Pod,
        labelSelector: CHILDREN_SELECTOR,
        project: projectPod,
        toKeys: instanceKeys,
      },
    ],
    reconcile: (key, term) => reconcile(key, { components, checks }, ports, term),
  })
  const senderAt = (key: string): Sender | undefined => {
    const primary = controller.store(BatchSender).get(key)
    return primary && senderOf(primary)
  }
  const guard = dialGuard({
    forbiddenHosts: settings.inCluster ? [settings.inCluster.host, ...ownAddresses()] : [],
    operatorNamespace: settings.namespace,
    clusterDomain: installation.clusterDomain,
    allowLoopback: settings.allowLoopback,
  })
  const nats = new Nats(transport, guard)
  const clickhouse = new Clickhouse(transport, guard)
  const issuedSerial = (sender: Sender) => {
    const secret = controller.store(Secret).get(`${sender.namespace}/${natsSecrets(sender).server}`)
    return secret && secretFacts(secret).certificate?.serial
  }
  const watchman = new Watchman({
    senderOf: (key) => {
      const sender = senderAt(key)
      return sender?.specFaults.length === 0 ? sender : undefined
    },
    onChange: (key) => {
      controller.enqueue(key)
    },
    observers: observersOf({ installation, nats, clickhouse, issuedSerial, lookup: guard.lookup }),
  })
  const ports = kubernetesPorts({
    transport,
    controller,
    kinds,
    reporting: REPORTING,
    installation,
    nats,
    clickhouse,
    metrics,
    events: new EventRecorder({ transport, controller: OPERATOR, instance: settings.identity, log }),
    watch: {
      evidence: (key) => watchman.evidence(key),
      lookSoon: (key) => {
        watchman.lookSoon(key)
      },
      outdated: (key, evidence) => {
        watchman.outdated(key, evidence)
      },
      attend: (key) => {
        watchman.attend(key, signal)
      },
      dismiss: (key) => {
        watchman.dismiss(key)
      },
    },
  })
  return controller
}

/** Every kind that some component owns, once. */
function ownedKinds(): readonly Resource[] {
  return [...new Map(components.flatMap(({ owns }) => owns).map((kind) => [kind.kind, kind])).values()]
}

/** A retained Secret has no owner to lead to its BatchSender, but a label. */
function secretKeys({ metadata }: KubernetesObject): string[] {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)?.name
  const name = owner ?? metadata.labels?.[RETAINED_FOR]
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`]
}

/** A Job of a CronJob, and its pods, are owned at second hand: their label leads to whom they concern. */
function instanceKeys({ metadata }: KubernetesObject): string[] {
  const name = metadata.labels?.[INSTANCE]
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`]
}

/** Waits for the passes under way after a stop, but not for ever for one that does not end when it is told to. */
async function drained(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await Promise.race([work, aborted(signal)])
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, GIVE_UP_MS)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
