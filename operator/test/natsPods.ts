/**
 * The pods of managed NATS as the StatefulSet controller and kubelets would run them: a real nats-server for each
 * replica, with the configuration, certificates and environment of its manifest, in a root directory of its own, on a
 * loopback address of its own to which the name of the pod leads. A changed template rolls them one by one; files of a
 * running one follow their Secret. What it cannot show: volumes, limits, scheduling.
 */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { binary } from '../../hack/cluster/binaries.ts'
import type { HostsFile } from '../../hack/servers/hosts.ts'
import { freePort } from '../../hack/servers/ports.ts'
import { startProcess, type ServerProcess } from '../../hack/servers/process.ts'
import type { StatefulSetManifest } from '../src/components/parts/manifests.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { CLUSTER_PORT, MONITOR_PORT } from '../src/components/parts/natsTopology.ts'
import type { Harness } from './harness.ts'

const MOST_REPLICAS = 5
const PROBE_MS = 1_000

interface Pod {
  readonly revision: string
  readonly server: ServerProcess
  ended: boolean
}

export interface NatsPods {
  /** One step towards what the set asks for. @returns its status then */
  advance(set: KubernetesObject): Promise<object>
  stop(): Promise<void>
}

/** @param name of the StatefulSet and its Service, in the namespace of the present test */
export async function natsPods(harness: Harness, hosts: HostsFile, name = 'orders-nats'): Promise<NatsPods> {
  const { namespace } = harness
  const home = await mkdtemp(join(tmpdir(), 'batchsender-nats-pods-'))
  const program = await binary('nats-server')
  // Nobody else has this number, so nobody else has these addresses.
  const number = await freePort()
  const addressOf = (ordinal: number) => `127.${number >> 8}.${number & 255}.${ordinal + 1}`
  const hostOf = (ordinal: number) => `${name}-${ordinal}.${name}.${namespace}.svc.cluster.local`
  const ordinals = Array.from({ length: MOST_REPLICAS }, (_, ordinal) => ordinal)
  await hosts.add(Object.fromEntries(ordinals.map((ordinal) => [hostOf(ordinal), addressOf(ordinal)])))
  const pods = new Map<number, Pod>()
  const rootOf = (ordinal: number) => join(home, String(ordinal))

  async function start(ordinal: number, set: StatefulSetManifest): Promise<void> {
    const root = rootOf(ordinal)
    for (const folder of ['data', 'etc', 'tmp', 'var/run/nats'])
      await mkdir(join(root, folder), { recursive: true })
    await copyFile(hosts.path, join(root, 'etc/hosts'))
    await copyFile(program, join(root, 'nats-server'))
    await mountFiles(harness, set, root)
    const { args = [], env = [] } = containerOf(set)
    const address = addressOf(ordinal)
    const isClustered = (set.spec?.replicas ?? 1) > 1
    const cluster = isClustered ? ['--cluster', `nats://${address}:${CLUSTER_PORT}`] : []
    const server = startProcess(
      'unshare',
      [
        ...['--map-root-user', `--root=${root}`, '--wd=/', '--', '/nats-server'],
        ...[...args, '--addr', address, ...cluster],
      ],
      { env: await environmentOf(harness, `${name}-${ordinal}`, env) },
    )
    const pod: Pod = { revision: revisionOf(set), server, ended: false }
    void server.exited.then(() => (pod.ended = true))
    pods.set(ordinal, pod)
  }

  async function end(ordinal: number): Promise<void> {
    await pods.get(ordinal)?.server.stop()
    pods.delete(ordinal)
  }

  async function isReady(ordinal: number): Promise<boolean> {
    if (pods.get(ordinal)?.ended !== false) return false
    const url = `http://${addressOf(ordinal)}:${MONITOR_PORT}/healthz?js-server-only=true`
    const answer = fetch(url, { signal: AbortSignal.timeout(PROBE_MS) })
    return answer.then(({ ok }) => ok).catch(() => false)
  }

  /** From the last to the first, each once those behind it are ready again. */
  async function roll(set: StatefulSetManifest, replicas: number, ready: ReadonlySet<number>): Promise<void> {
    const revision = revisionOf(set)
    for (const ordinal of ordinals.slice(0, replicas).reverse()) {
      if (pods.get(ordinal)?.revision !== revision) {
        await end(ordinal)
        await start(ordinal, set)
        return
      }
      if (!ready.has(ordinal)) return
    }
  }

  /** All at once, as `podManagementPolicy: Parallel` has it. */
  async function scale(set: StatefulSetManifest, replicas: number): Promise<void> {
    for (const ordinal of [...pods.keys()].filter((one) => one >= replicas)) await end(ordinal)
    for (const ordinal of ordinals.slice(0, replicas))
      if (pods.get(ordinal)?.ended !== false) await start(ordinal, set)
  }

  return {
    async advance(object) {
      const set = object as StatefulSetManifest
      const { replicas = 1 } = set.spec ?? {}
      await scale(set, replicas)
      const ready = new Set<number>()
      for (const ordinal of pods.keys()) {
        await mountFiles(harness, set, rootOf(ordinal))
        if (await isReady(ordinal)) ready.add(ordinal)
      }
      const status = { observedGeneration: object.metadata.generation, ...countOf(pods, ready.size, set) }
      await roll(set, replicas, ready)
      return status
    },
    async stop() {
      await Promise.all([...pods.keys()].map(end))
      await rm(home, { recursive: true, force: true })
    },
  }
}

function countOf(pods: ReadonlyMap<number, Pod>, ready: number, set: StatefulSetManifest): object {
  const updateRevision = revisionOf(set)
  const outdated = [...pods.values()].filter(({ revision }) => revision !== updateRevision)
  return {
    replicas: pods.size,
    readyReplicas: ready,
    availableReplicas: ready,
    updatedReplicas: pods.size - outdated.length,
    updateRevision,
    currentRevision: outdated[0]?.revision ?? updateRevision,
  }
}

type Container = NonNullable<ReturnType<typeof containerOf>>

function containerOf(set: StatefulSetManifest) {
  const [container] = set.spec?.template.spec?.containers ?? []
  if (!container) throw new Error(`StatefulSet ${set.metadata.name} has no container`)
  return container
}

function revisionOf(set: StatefulSetManifest): string {
  return createHash('sha256').update(JSON.stringify(set.spec?.template)).digest('hex').slice(0, 10)
}

async function textsOf(harness: Harness, kind: 'configmap' | 'secret', name: string) {
  const { data = {} } = ((await harness.get(kind, name)) ?? {}) as { data?: Record<string, string> }
  const text = (value: string) => (kind === 'secret' ? Buffer.from(value, 'base64').toString() : value)
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, text(value)]))
}

/** Files of ConfigMaps and Secrets, where the container mounts them. */
async function mountFiles(harness: Harness, set: StatefulSetManifest, root: string): Promise<void> {
  const { volumes = [] } = set.spec?.template.spec ?? {}
  for (const { name, mountPath } of containerOf(set).volumeMounts ?? []) {
    const texts = await filesOf(
      harness,
      volumes.find((one) => one.name === name),
    )
    for (const [file, text] of Object.entries(texts)) {
      const path = join(root, mountPath, file)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text)
    }
  }
}

type Volume = NonNullable<NonNullable<StatefulSetManifest['spec']>['template']['spec']>['volumes']

async function filesOf(
  harness: Harness,
  volume: NonNullable<Volume>[number] | undefined,
): Promise<Readonly<Record<string, string>>> {
  if (volume?.configMap?.name !== undefined) return textsOf(harness, 'configmap', volume.configMap.name)
  if (volume?.secret?.secretName !== undefined) return textsOf(harness, 'secret', volume.secret.secretName)
  return {}
}

async function environmentOf(
  harness: Harness,
  podName: string,
  variables: NonNullable<Container['env']>,
): Promise<NodeJS.ProcessEnv> {
  const environment: NodeJS.ProcessEnv = { PATH: process.env['PATH'] }
  for (const { name, value, valueFrom } of variables) {
    const { name: secret = '', key = '' } = valueFrom?.secretKeyRef ?? {}
    if (valueFrom?.fieldRef) environment[name] = podName
    else environment[name] = secret === '' ? value : (await textsOf(harness, 'secret', secret))[key]
  }
  return environment
}
