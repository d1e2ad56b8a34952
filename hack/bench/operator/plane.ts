/** The neutral side of a run: an API server of its own, the rights of the contestants, a client and an observer. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditEntry } from '../../servers/auditLog.ts'
import type { ControlPlane } from '../../servers/controlPlane.ts'
import type { Transport } from '../../../operator/src/runtime/transport.ts'
import { fromKubeconfig } from '../../../operator/src/runtime/kubeconfig.ts'
import { pathOf } from '../../../operator/src/runtime/object.ts'
import { createTransport } from '../../../operator/src/runtime/transport.ts'
import { startControlPlane } from '../../servers/controlPlane.ts'
import { startTcpProxy, type TcpProxy } from '../../servers/tcpProxy.ts'
import { BENCH, CHILD_KINDS, DEFINITION, childrenOf } from './fixture.ts'
import { Observer } from './observer.ts'
import { requestsOf } from './requests.ts'

export const NAMESPACE = 'bench'

/** Everything is theirs, under the server's flow control as for anybody else (system:masters is exempt from it). */
export const CONTESTANTS = 'bench-contestants'
const QUIET_MS = 2_000
const LONGEST_UNREST_MS = 60_000

export interface Plane {
  readonly client: Transport
  readonly observer: Observer
  /** Between the API server and those contestants that were sent through it. */
  readonly proxy: TcpProxy
  readonly server: Pick<ControlPlane, 'restartApiServer' | 'compactEtcd'>
  kubeconfigFor(user: string, proxied?: boolean): Promise<string>
  requestsOf(user: string): Promise<readonly AuditEntry[]>
  /** What a user has asked for once it asks for nothing more. @throws Error when it does not become quiet. */
  untilQuiet(user: string): Promise<readonly AuditEntry[]>
  stop(): Promise<void>
}

export async function startPlane(): Promise<Plane> {
  const plane = await startControlPlane()
  const proxy = await startTcpProxy(Number(new URL(plane.url).port))
  const ended = new AbortController()
  try {
    const client = createTransport(await fromKubeconfig(plane.kubeconfig))
    await prepare(client)
    const observer = await Observer.start(client, NAMESPACE, ended.signal)
    const requests = async (user: string) => requestsOf(await plane.audit(), user)
    return {
      client,
      observer,
      proxy,
      server: plane,
      kubeconfigFor: (user, proxied = false) =>
        plane.kubeconfigFor(
          { name: user, groups: [CONTESTANTS] },
          proxied ? `https://127.0.0.1:${proxy.port}` : plane.url,
        ),
      requestsOf: requests,
      untilQuiet: (user) => untilQuiet(() => requests(user)),
      async stop() {
        ended.abort(new Error('the run is over'))
        client.close()
        await proxy.close()
        await plane.stop()
      },
    }
  } catch (error) {
    await proxy.close()
    await plane.stop()
    throw error
  }
}

async function prepare(client: Transport): Promise<void> {
  const post = (path: string, body: object) => client.request({ method: 'POST', path, body })
  await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  await post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: CONTESTANTS },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: CONTESTANTS }],
  })
  await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', DEFINITION)
  await served(client)
  await warmUp(client)
}

async function served(client: Transport): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const answered = await client.request({ method: 'GET', path: pathOf(BENCH) }).then(
      () => true,
      () => false,
    )
    if (answered) return
    await sleep(100)
  }
  throw new Error('the API server does not serve the kind of the benchmark')
}

/** A server that has just started is slow at its first object of each kind: that is nobody's fault. */
async function warmUp(client: Transport): Promise<void> {
  const name = 'warm-up'
  const children = childrenOf({ ...BENCH, metadata: { name, namespace: NAMESPACE, uid: 'none' } })
  for (const [index, kind] of CHILD_KINDS.entries()) {
    const path = pathOf(kind, NAMESPACE, name)
    const body = children[index]
    await client.request({
      method: 'PATCH',
      path,
      query: { fieldManager: 'warm-up' },
      contentType: 'application/apply-patch+yaml',
      body,
    })
    await client.request({ method: 'DELETE', path })
  }
}

async function untilQuiet(requests: () => Promise<readonly AuditEntry[]>): Promise<readonly AuditEntry[]> {
  const end = performance.now() + LONGEST_UNREST_MS
  let last = await requests()
  for (let quietMs = 0; quietMs < QUIET_MS; quietMs += 500) {
    await sleep(500)
    const now = await requests()
    if (now.length !== last.length || now.length === 0) quietMs = -500
    if (performance.now() > end) throw new Error(`still asking after ${LONGEST_UNREST_MS / 1_000} s of rest`)
    last = now
  }
  return last
}
