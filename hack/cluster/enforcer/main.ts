/**
 * Stands in for a network plugin that enforces NetworkPolicies. Runs inside the cluster's network namespace, whose tables
 * go with it: `node main.ts KUBECONFIG READY_FILE`.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Credentials } from '../../../operator/src/runtime/credentials.ts'
import type { Resource } from '../../../operator/src/runtime/object.ts'
import { Reflector } from '../../../operator/src/runtime/reflector.ts'
import { Store } from '../../../operator/src/runtime/store.ts'
import { createTransport } from '../../../operator/src/runtime/transport.ts'
import { NetworkPolicy } from '../../../operator/src/vocabulary/kinds.ts'
import { Firewall } from './firewall.ts'
import { podsOf, worldOf } from './pods.ts'
import { render } from './render.ts'

/** Changes that come together are written together. */
const GATHER_MS = 10
/** How often somebody else's rules are looked for before ours. */
const REASSERT_MS = 5_000
const RETRY_MS = 1_000

const Pod: Resource = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }
const Namespace: Resource = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }

const [kubeconfig = '', readyFile = ''] = process.argv.slice(2)
const stop = new AbortController()
const transport = createTransport(await credentials(kubeconfig), undefined, { userAgent: 'enforcer' })
const firewall = new Firewall()
let wake = Promise.withResolvers<undefined>()
let changedAt: number | undefined

const caches = [Pod, NetworkPolicy, Namespace].map((resource) => {
  const store = new Store()
  const onChange = () => {
    changedAt ??= performance.now()
    wake.resolve(undefined)
  }
  const onError = (error: unknown) => {
    console.error(`${resource.plural}: ${String(error)}`)
  }
  const reflector = new Reflector({ transport, resource, store, onChange, onError })
  void reflector.run(stop.signal)
  return { store, synced: reflector.synced }
})
await Promise.all(caches.map(({ synced }) => synced))
await enforce()
await writeFile(readyFile, '')
for (;;) {
  await Promise.race([wake.promise, sleep(REASSERT_MS)])
  await sleep(GATHER_MS)
  try {
    await enforce()
  } catch (error) {
    console.error(String(error))
    wake.resolve(undefined)
    await sleep(RETRY_MS * (1 + Math.random()))
  }
}

async function enforce(): Promise<void> {
  wake = Promise.withResolvers<undefined>()
  const since = changedAt ?? performance.now()
  changedAt = undefined
  const [pods, policies, namespaces] = caches.map(({ store }) => store.values())
  const rendered = render(worldOf(policies ?? [], namespaces ?? []), podsOf(pods ?? []))
  if (await firewall.apply(rendered))
    console.error(
      `${rendered.chains.length} chains, ${rendered.sets.size} sets, ${Math.round(performance.now() - since)} ms after the change`,
    )
}

/** The cluster writes its kubeconfigs as JSON with everything inside. */
async function credentials(path: string): Promise<Credentials> {
  const { clusters, users } = JSON.parse(await readFile(path, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }]
    users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }]
  }
  const decode = (text: string) => Buffer.from(text, 'base64')
  const [{ cluster }] = clusters
  const [{ user }] = users
  const tls = {
    ca: decode(cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  }
  return { server: cluster.server, tls: () => tls, authorization: () => undefined }
}
