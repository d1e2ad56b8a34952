/**
 * The pods of a worker Deployment as its controller and a kubelet would run them: one process of the worker's program
 * with the environment of the manifest, another one whenever its template changes, and the Service in front of its
 * internal port. Files that are mounted are written once.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChildServer } from '../../hack/servers/childServer.ts'
import type { HostsFile } from '../../hack/servers/hosts.ts'
import { freePort } from '../../hack/servers/ports.ts'
import type { DeploymentManifest } from '../src/components/parts/manifests.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { TEMPLATE_HASH } from '../src/vocabulary/labels.ts'
import { rolledOut } from './controllers.ts'
import type { Harness } from './harness.ts'
import { ROOT } from './harness.ts'

const PROGRAM = join(ROOT, 'worker/src/main.ts')
const INTERNAL_PORT = 8081

export interface WorkerPods {
  /** For `runControllers`. */
  readonly statusOf: (object: KubernetesObject) => Promise<object | undefined>
  readonly log: () => string
  stop(): Promise<void>
}

/** @param files of the client certificate for NATS, by name */
export async function workerPods(
  cluster: Harness,
  hosts: HostsFile,
  files: Readonly<Record<string, string>>,
): Promise<WorkerPods> {
  const directory = await mkdtemp(join(tmpdir(), 'batchsender-worker-'))
  await mkdir(join(directory, 'tokens'))
  await writeFile(join(directory, 'tokens/alice'), `sha256:${'0'.repeat(64)}`)
  await mkdir(join(directory, 'nats'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, 'nats', name), text)
  let pod: { readonly hash: string; readonly server: ChildServer; readonly internalPort: number } | undefined
  const service = await serviceTo(() => pod?.internalPort)
  await hosts.add({ [`orders-worker.${cluster.namespace}.svc.cluster.local`]: service.address })

  const roll = async (object: DeploymentManifest, hash: string): Promise<void> => {
    const [httpPort, internalPort] = [await freePort(), await freePort()]
    const server = new ChildServer({
      program: process.execPath,
      args: [PROGRAM, 'serve'],
      env: {
        PATH: process.env['PATH'],
        ...(await environmentOf(cluster, object)),
        HTTP_PORT: String(httpPort),
        INTERNAL_PORT: String(internalPort),
        API_TOKENS_DIR: join(directory, 'tokens'),
        NATS_TLS_DIR: join(directory, 'nats'),
      },
      port: httpPort,
    })
    await server.start()
    await pod?.server.kill()
    pod = { hash, server, internalPort }
  }
  return {
    statusOf: async (object) => {
      const hash = object['spec'] ? hashOf(object) : ''
      if (hash !== pod?.hash) await roll(object, hash)
      return rolledOut(object)
    },
    log: () => pod?.server.log ?? '',
    stop: async () => {
      service.server.close()
      await pod?.server.kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const hashOf = ({ spec }: DeploymentManifest): string =>
  spec?.template.metadata?.annotations?.[TEMPLATE_HASH] ?? ''

async function environmentOf(
  cluster: Harness,
  { spec }: DeploymentManifest,
): Promise<Record<string, string>> {
  const environment: Record<string, string> = {}
  for (const { name, value, valueFrom } of spec?.template.spec?.containers[0]?.env ?? [])
    environment[name] = valueFrom?.secretKeyRef
      ? await cluster.secretText(valueFrom.secretKeyRef)
      : (value ?? 'orders-worker')
  return environment
}

/** At an address of its own, since the port of it is given. */
async function serviceTo(port: () => number | undefined): Promise<{ server: Server; address: string }> {
  const part = () => 1 + Math.floor(Math.random() * 250)
  const address = `127.${part()}.${part()}.${part()}`
  const server = createServer((client) => {
    const target = port()
    if (target === undefined) return void client.resetAndDestroy()
    const pod = connect(target, '127.0.0.1')
    client.pipe(pod).pipe(client)
    for (const [one, other] of [
      [client, pod],
      [pod, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.once('close', () => other.destroy())
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(INTERNAL_PORT, address, resolve)
  })
  return { server, address }
}
