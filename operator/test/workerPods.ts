/**
 * The pods of a worker Deployment as its controller and a kubelet would run them: one process of the worker's program
 * with the environment of the manifest, another one whenever its template changes, and the Service in front of its
 * internal port. Files that are mounted are written once.
 */
import { createHash, randomUUID } from 'node:crypto'
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

const TOKEN = 'a-token-of-the-tests'
const PROGRAM = join(ROOT, 'worker/src/main.ts')
const INTERNAL_PORT = 8081

export interface WorkerPods {
  /** For `runControllers`. */
  readonly statusOf: (object: KubernetesObject) => Promise<object | undefined>
  readonly log: () => string
  /** Has the worker accept a batch to that address, as often. @returns its id */
  accept(address: string, count: number): Promise<string>
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
  const hash = createHash('sha256').update(TOKEN).digest('hex')
  await writeFile(join(directory, 'tokens/alice'), `sha256:${hash}`)
  await mkdir(join(directory, 'nats'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, 'nats', name), text)
  let pod: Pod | undefined
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
    pod = { hash, server, httpPort, internalPort }
  }
  return {
    statusOf: async (object) => {
      const hash = object['spec'] ? hashOf(object) : ''
      if (hash !== pod?.hash) await roll(object, hash)
      return rolledOut(object)
    },
    log: () => pod?.server.log ?? '',
    accept: (address, count) => accept(pod?.httpPort ?? 0, address, count),
    stop: async () => {
      service.server.close()
      await pod?.server.kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

interface Pod {
  readonly hash: string
  readonly server: ChildServer
  readonly httpPort: number
  readonly internalPort: number
}

async function accept(port: number, address: string, count: number): Promise<string> {
  const [name = '', domain = ''] = address.split('@')
  const recipients = Array.from({ length: count }, (_, index) => ({ address: `${name}${index}@${domain}` }))
  const answer = await fetch(`http://127.0.0.1:${port}/v1/batches`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({ from: 'shop@example.com', subject: 's', text: 't', recipients }),
  })
  if (!answer.ok) throw new Error(`not accepted: ${await answer.text()}`)
  return ((await answer.json()) as { readonly id: string }).id
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
