/** An operator on the product's runtime that keeps five children and a status for every Bench. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Credentials } from '../../../../../operator/src/runtime/credentials.ts'
import type {
  KubernetesObject,
  OwnerReference,
  Resource,
} from '../../../../../operator/src/runtime/object.ts'
import { Applier } from '../../../../../operator/src/runtime/apply.ts'
import { Controller } from '../../../../../operator/src/runtime/controller.ts'
import { LeaderElection } from '../../../../../operator/src/runtime/lease.ts'
import { createMetrics } from '../../../../../operator/src/runtime/metrics.ts'
import { writeStatus } from '../../../../../operator/src/runtime/statusWriter.ts'
import { createTransport } from '../../../../../operator/src/runtime/transport.ts'
import { BENCH, CHILD_KINDS, CHILD_SELECTOR, childrenOf } from '../../fixture.ts'
import { tellVitals } from './vitals.ts'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    stop.abort(new Error(signal))
  })

const metrics = createMetrics()
const transport = createTransport(credentialsOf(process.env['KUBECONFIG'] ?? ''), metrics)
const print = (fields: object, message: string) => {
  console.error(message, JSON.stringify(fields))
}
const log = { debug: () => undefined, info: print, warn: print, error: print }
const controller: Controller = new Controller({
  name: 'bench',
  transport,
  primary: BENCH,
  watches: CHILD_KINDS.map((resource) => ({ resource, labelSelector: CHILD_SELECTOR })),
  namespaces: [],
  metrics,
  log,
  reconcile: pass,
})
const applier = new Applier({
  transport,
  fieldManager: 'bench',
  storeOf: (resource) => controller.store(resource),
  metrics,
})
const statusTarget = {
  transport,
  resource: BENCH,
  store: controller.store(BENCH),
  fieldManager: 'bench-status',
}

if (process.env['VITALS'] === 'true') tellVitals(transport)
await controller.startCaches(stop.signal)
if (process.env['LEADER_ELECTION'] === 'true') await elected()
else await controller.work(stop.signal)
transport.close()

function elected(): Promise<void> {
  const identity = `${hostname()}-${process.pid}`
  const election = new LeaderElection({ transport, namespace: 'bench', name: 'bench', identity, log })
  return election.run(stop.signal, (signal) => controller.work(signal))
}

async function pass(key: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
  const bench = controller.store(BENCH).get(key)
  if (!bench || bench.metadata.deletionTimestamp !== undefined) return {}
  const owner = ownerOf(bench)
  const outcomes = await Promise.all(
    childrenOf(bench).map((child) => applier.apply(kindOf(child), child, owner, signal)),
  )
  await writeStatus(
    statusTarget,
    bench,
    { ready: true, observedGeneration: bench.metadata.generation },
    signal,
  )
  // As the product's pass does: a write may have overtaken news from the watch.
  const isNews = outcomes.some(({ state }) => state === 'created' || state === 'updated')
  return isNews ? { requeueAfterMs: 0 } : {}
}

function kindOf({ kind }: KubernetesObject): Resource {
  const owned = CHILD_KINDS.find((each) => each.kind === kind)
  if (!owned) throw new Error(`no component owns a ${kind}`)
  return owned
}

function ownerOf({ apiVersion, kind, metadata: { name, uid = '' } }: KubernetesObject): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** Without the Kubernetes client, which the operator does not load in a pod either. */
function credentialsOf(path: string): Credentials {
  const config = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly clusters: readonly {
      readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string }
    }[]
    readonly users: readonly {
      readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string }
    }[]
  }
  const [cluster, user] = [config.clusters[0]?.cluster, config.users[0]?.user]
  if (!cluster || !user) throw new Error(`${path} names no cluster and user`)
  const decoded = (text: string) => Buffer.from(text, 'base64')
  const tls = {
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
  }
  return { server: cluster.server, tls: () => tls, authorization: () => undefined }
}
