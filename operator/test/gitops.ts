/**
 * What a GitOps tool finds: a real API server with our operator, a Git server with the samples of config/samples/gitops,
 * real nodes of NATS, and Kubernetes' own garbage collector.
 *
 * No kubelet runs here. `controllers.ts` stands in for it and for the controllers of Deployments and Jobs: it says that
 * workers run and the migration has ended. It cannot show that an image is pulled, that a pod starts, or that the
 * database is there; hack/e2e does.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { binary } from '../../hack/cluster/binaries.ts'
import { startGit, type GitServer } from '../../hack/servers/git.ts'
import { HostsFile } from '../../hack/servers/hosts.ts'
import { startProcess } from '../../hack/servers/process.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { rolledOut, runControllers } from './controllers.ts'
import { condition, Harness, ROOT, type SeenStatus } from './harness.ts'
import { OPERATOR_USER } from './operatorProcess.ts'
import { natsPods } from './natsPods.ts'
import { boundToUser } from './objects.ts'

export const SAMPLES = join(ROOT, 'config/samples/gitops')

const OPERATOR_NAMESPACE = 'batchsender-system'

/** Only the operator can see that this is none: it stalls. */
export const REFUSED = { worker: { tolerations: [{ key: 'x', operator: 'Nonsense' }] } }

export interface SenderSpec {
  readonly worker?: object
  readonly [field: string]: unknown
}

export interface GitOps {
  readonly cluster: Harness
  readonly git: GitServer
  /** Workers that were not rolled out yet come to no end, until they are let go. */
  holdWorkers(isHeld: boolean): void
  /** The sample of a BatchSender with another spec, as a file. */
  sender(spec?: SenderSpec): string
  /** What the operator is watched for by whoever waits. */
  readySender(): Promise<SeenStatus | undefined>
  /** Its uid, generation and version: the same as long as nobody writes it. */
  version(): Promise<string>
  /** Of the workers' Deployment. */
  replicas(): Promise<number>
  untilReplicas(wanted: number): Promise<unknown>
  /** Who has scaled by hand gives the number up: the API server takes one of a number and an autoscaler only. */
  giveReplicasUp(): Promise<void>
  /** What a HorizontalPodAutoscaler writes; none runs here. */
  autoscale(replicas: number): Promise<void>
  /** How often that user has looked at BatchSenders. */
  looks(user: string): Promise<number>
  stop(): Promise<void>
}

export async function startGitOps(): Promise<GitOps> {
  const hosts = await HostsFile.create()
  const cluster = new Harness({ hosts })
  const [git, sample] = await Promise.all([
    startGit(),
    readFile(join(SAMPLES, 'sender/orders.yaml'), 'utf8'),
    cluster.start(),
  ])
  await cluster.newNamespace()
  await cluster.applySecrets()
  await cluster.apply(cluster.secret('smtp', { username: 'u', password: 'p' }))
  const collector = await startGarbageCollector(cluster)
  const nats = await natsPods(cluster, hosts)
  let isHeld = false
  const controllers = runControllers(cluster, {
    statefulset: (set) => nats.advance(set),
    deployment: (object) => (isHeld ? undefined : rolledOut(object)),
  })
  // What a tool applies of our operator; at work is the one of the harness.
  const installed = runControllers(
    { api: cluster.api, namespace: OPERATOR_NAMESPACE },
    { deployment: available },
  )
  const replicas = async () => {
    const spec = (await cluster.get('deployment', 'orders-worker'))?.['spec'] as { readonly replicas: number }
    return spec.replicas
  }
  return {
    cluster,
    git,
    replicas,
    untilReplicas: (wanted) =>
      cluster.eventually(`${wanted} workers`, async () => ((await replicas()) === wanted ? true : undefined)),
    giveReplicasUp: async () => {
      const patch = JSON.stringify({ spec: { worker: { replicas: null } } })
      await cluster.inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', patch])
    },
    autoscale: async (wanted) => {
      const how = ['--subresource=scale', '--type=merge', '--field-manager=kube-controller-manager']
      const patch = JSON.stringify({ spec: { replicas: wanted } })
      await cluster.inNamespace(['patch', 'deployment', 'orders-worker', ...how, '-p', patch])
    },
    holdWorkers: (wish) => {
      isHeld = wish
    },
    sender: (more = {}) => {
      const object = parse(sample) as { spec: SenderSpec }
      const worker = { ...object.spec.worker, ...more.worker }
      return stringify({ ...object, spec: { ...object.spec, ...more, worker } })
    },
    readySender: async () => {
      const seen = await cluster.status()
      const isReady = condition(seen, 'Ready')?.status === 'True'
      return isReady && seen.observedGeneration === seen.generation ? seen : undefined
    },
    version: async () => {
      const { uid, generation, resourceVersion } =
        (await cluster.get('batchsender', 'orders'))?.metadata ?? {}
      return `${uid ?? ''} ${generation ?? ''} ${resourceVersion ?? ''}`
    },
    looks: async (user) =>
      (await cluster.plane.audit()).filter(
        ({ user: { username }, verb, objectRef }) =>
          username === user && ['get', 'list'].includes(verb) && objectRef?.resource === 'batchsenders',
      ).length,
    stop: async () => {
      await Promise.all([controllers.stop(), installed.stop()])
      await nats.stop()
      await collector.stop()
      await git.stop()
      await cluster.stop()
      await hosts.remove()
    },
  }
}

/** As kstatus wants it told of a Deployment. */
function available(object: KubernetesObject): object | undefined {
  const status = rolledOut(object)
  const conditions = [
    { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: '' },
    { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message: '' },
  ]
  return status && { ...status, conditions }
}

/** Deletes what lost its owner. */
async function startGarbageCollector(cluster: Harness) {
  return startProcess(await binary('kube-controller-manager'), [
    `--kubeconfig=${cluster.plane.kubeconfig}`,
    '--controllers=garbage-collector-controller',
    '--leader-elect=false',
    '--secure-port=0',
  ])
}

/** Kinds of a tool, until they are served. */
export async function define(cluster: Harness, definitions: readonly KubernetesObject[]): Promise<void> {
  await Promise.all(definitions.map((definition) => cluster.api.apply(definition)))
  const wait = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']
  // It ends with an error while one has no status at all.
  await cluster.eventually('every definition', () =>
    cluster.kubectl(wait).then(
      () => true,
      () => undefined,
    ),
  )
}

/** A sample of a tool, its namespace and repository those of the test. */
export async function toolSample(
  file: string,
  { cluster, git }: Pick<GitOps, 'cluster' | 'git'>,
): Promise<readonly KubernetesObject[]> {
  const text = (await readFile(join(SAMPLES, file), 'utf8'))
    .replaceAll('https://git.example.com/team/mail', git.url)
    .replaceAll(/(targetNamespace| {2}namespace): mail$/gm, `$1: ${cluster.namespace}`)
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject)
}

/** What a repository has of a release: the definition in one folder, the operator in another. */
export async function releaseFiles({ cluster }: Pick<GitOps, 'cluster'>): Promise<Record<string, string>> {
  const manifests = await cluster.kubectl(['kustomize', join(ROOT, 'config/default')])
  // Its rights go to the operator that is at work, which would lose them otherwise.
  const text = boundToUser(manifests, OPERATOR_USER)
  const objects = parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject)
  const isDefinition = ({ kind }: KubernetesObject) => kind === 'CustomResourceDefinition'
  const file = (those: readonly KubernetesObject[]) => those.map((object) => stringify(object)).join('---\n')
  return {
    'crds/batchsenders.yaml': file(objects.filter(isDefinition)),
    'operator/install.yaml': file(objects.filter((object) => !isDefinition(object))),
  }
}
