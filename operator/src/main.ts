/** The operator: settings → clients → caches → leadership → passes. Ends cleanly on SIGTERM. */
import { networkInterfaces } from 'node:os'
import { pino } from 'pino'
import type { KubernetesObject } from './runtime/object.ts'
import { joinKey } from './runtime/object.ts'
import type { Sender } from './components/snapshot.ts'
import { dialGuard } from './adapters/dialGuard.ts'
import { kubernetesPorts } from './adapters/kubernetes.ts'
import { secretFacts, trustIn } from './adapters/secretProjection.ts'
import { Sharing } from './adapters/sharing.ts'
import { checks } from './checks/index.ts'
import { clientsOf } from './clients.ts'
import { REPORTING } from './components/backup/backup.ts'
import { components } from './components/index.ts'
import { placesOf } from './components/parts/places.ts'
import { natsSecrets } from './components/parts/natsTopology.ts'
import { Watchman } from './observers/watchman.ts'
import { objectMetrics } from './objectMetrics.ts'
import { observersOf } from './observing.ts'
import { senderOf } from './reconcile/gather.ts'
import { reconcile } from './reconcile/reconcile.ts'
import { aborted } from './runtime/aborted.ts'
import { drained } from './runtime/drained.ts'
import { Controller } from './runtime/controller.ts'
import { messageOf, type Log } from './runtime/log.ts'
import { inCluster, type Credentials } from './runtime/credentials.ts'
import { EventRecorder } from './runtime/events.ts'
import { LeaderElection } from './runtime/lease.ts'
import { createMetrics } from './runtime/metrics.ts'
import { serveProbes } from './runtime/probes.ts'
import { createTransport } from './runtime/transport.ts'
import { parseSettings, type OperatorSettings } from './settings.ts'
import { BatchSender, Secret } from './vocabulary/kinds.ts'
import { OPERATOR } from './vocabulary/labels.ts'
import { ownedKinds, watchesOf } from './watches.ts'

/** A little longer than passes are given to end in, and less than the pod is. */
const GIVE_UP_MS = 32_000

const settings = parseSettings()
const log: Log = pino({ level: settings.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime })
const stop = new AbortController()
const tell = (signal: NodeJS.Signals) => {
  stop.abort(new Error(signal))
}
process.on('SIGTERM', tell)
// A second Ctrl-C ends it at once.
process.once('SIGINT', tell)
// In the image nobody else prints them.
process.on('warning', ({ name, message }) => {
  log.warn({ warning: name }, message)
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
  const sharing = new Sharing({
    clusterDomain: settings.installation.clusterDomain,
    placesOf,
    keys: () => controllers.flatMap((controller) => keysOf(controller.store(BatchSender).values())),
    enqueue: (key) => {
      controllers.find((controller) => controller.store(BatchSender).get(key))?.enqueue(key)
    },
  })
  const controllers: readonly Controller[] = scopes.map((namespaces) =>
    controllerFor(namespaces, settings, transport, metrics, sharing, signal),
  )
  let leads = false
  // Those of whoever keeps the statuses: two of them would count everything twice.
  const known = () =>
    leads ? controllers.flatMap((controller) => [...controller.store(BatchSender).values()]) : []
  const isSynced = () => controllers.every((controller) => controller.isSynced)
  const probes = await serveProbes({
    port: settings.probePort,
    registry: metrics.registry,
    beside: () => objectMetrics(known()),
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
      leads = true
      await drained(
        Promise.all(controllers.map((controller) => controller.work(term, lost))),
        term,
        GIVE_UP_MS,
      )
      leads = false
      metrics.leader.set({ name: OPERATOR }, 0)
    }
    await (settings.leaderElection ? election(settings, leaseTransport).run(signal, lead) : lead(signal))
  } finally {
    await probes.close()
    leaseTransport.close()
    transport.close()
  }
}

function keysOf(objects: Iterable<KubernetesObject>): string[] {
  return [...objects].map(({ metadata: { namespace = '', name } }) => joinKey(namespace, name))
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
  sharing: Sharing,
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
    watches: watchesOf(kinds, () => controller.store(BatchSender).values()),
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
  const clients = clientsOf(transport, guard)
  const issued = (sender: Sender) => {
    const secretOf = (name: string) => controller.store(Secret).get(`${sender.namespace}/${name}`)
    const { server, worker } = natsSecrets(sender)
    const [shown, client] = [secretOf(server), secretOf(worker)]
    const certificate = shown && secretFacts(shown).certificate
    // Workers are who has to believe it.
    return certificate && { certificate, trust: trustIn(client ?? shown) }
  }
  const watchman = new Watchman({
    senderOf: (key) => {
      const sender = senderAt(key)
      return sender?.specFaults.length === 0 ? sender : undefined
    },
    onChange: (key) => {
      controller.enqueue(key)
    },
    observers: observersOf({ installation, clients, issued, lookup: guard.lookup }),
  })
  const ports = kubernetesPorts({
    transport,
    controller,
    kinds,
    reporting: REPORTING,
    installation,
    clients,
    sharing,
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
