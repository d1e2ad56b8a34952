/**
 * Argo CD's application-controller and repo-server with the samples of config/samples/gitops/argocd and our health
 * script: they wait for a BatchSender as its status tells them to. Only where they were built (`make peers`); that it was
 * left out is told.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  argocd,
  ARGOCD_NAMESPACE,
  argocdConfiguration,
  argocdDefinitions,
  startArgoCd,
  type ArgoCd,
} from '../../hack/peers/argocd.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { condition, ROOT } from './harness.ts'
import { define, REFUSED, startGitOps, toolSample, type GitOps, type SenderSpec } from './gitops.ts'

const program = await argocd()
if (program === undefined)
  console.log('LEFT OUT  operator/test/gitopsArgo.test.ts: Argo CD is not built (make peers)')

const USER = 'argocd'
/** How long workers are held while Argo CD sees that they are not there. */
const HELD_MS = 3_000

interface Application extends KubernetesObject {
  readonly status?: {
    readonly health?: { readonly status?: string }
    readonly sync?: { readonly status?: string; readonly revision?: string }
    readonly operationState?: {
      readonly phase?: string
      readonly message?: string
      readonly syncResult?: {
        readonly resources?: readonly {
          readonly kind: string
          readonly hookPhase?: string
          readonly message?: string
        }[]
      }
    }
    readonly reconciledAt?: string
  }
}

describe.skipIf(program === undefined)('Argo CD', () => {
  let rig: GitOps
  let argo: ArgoCd | undefined

  beforeAll(async () => {
    rig = await startGitOps()
    const { cluster } = rig
    await define(cluster, await argocdDefinitions())
    await cluster.kubectl(['create', 'namespace', ARGOCD_NAMESPACE])
    const health = await readFile(join(ROOT, 'config/argocd/health.lua'), 'utf8')
    const settings = { 'resource.customizations.health.batchsender.io_BatchSender': health }
    await apply(await argocdConfiguration(settings))
    const kubeconfig = await cluster.plane.kubeconfigFor({ name: USER, groups: ['system:masters'] })
    argo = await startArgoCd(program ?? '', kubeconfig)
  })
  afterAll(async () => {
    await argo?.stop()
    await rig.stop()
  })

  const inArgo = (args: readonly string[], input?: string) =>
    rig.cluster.kubectl(['-n', ARGOCD_NAMESPACE, ...args], input)
  const apply = (objects: readonly object[]) =>
    inArgo(
      ['apply', '--server-side', '-f', '-'],
      objects.map((object) => JSON.stringify(object)).join('\n---\n'),
    )
  const application = async () => {
    const text = await inArgo(['get', 'applications.argoproj.io', 'mail', '-o', 'json'])
    return (JSON.parse(text) as Application).status ?? {}
  }

  async function eventually<Result>(what: string, look: () => Promise<Result | undefined>): Promise<Result> {
    return rig.cluster.eventually(what, look, 180_000).catch(async (error: unknown) => {
      const told = await inArgo(['get', 'applications', '-o', 'yaml'])
      throw new Error(`${String(error)}\n${told}\n${argo?.log() ?? ''}`, { cause: error })
    })
  }

  /** As `argocd app get --refresh` asks. */
  const refresh = () =>
    inArgo(['annotate', '--overwrite', 'application', 'mail', 'argocd.argoproj.io/refresh=normal'])

  async function push(files: Readonly<Record<string, string>>): Promise<string> {
    const commit = await rig.git.commit(files)
    await refresh()
    return commit
  }
  const pushSender = (spec: SenderSpec = {}) => push({ 'sender/orders.yaml': rig.sender(spec) })

  /** @param commit that it was compared with, and brought to unless nothing differed */
  const untilHealth = (health: string, sync: string, commit: string) =>
    eventually(`${sync} ${health} at ${commit}`, async () => {
      const now = await application()
      const isThere = now.health?.status === health && now.sync?.status === sync
      return isThere && now.sync.revision === commit ? now : undefined
    })
  const untilHealthy = (commit: string) => untilHealth('Healthy', 'Synced', commit)

  /** Still, after it was told whatever there is to be told: no time makes it green that is not. */
  async function expectProgressing(): Promise<void> {
    await sleep(HELD_MS)
    expect((await application()).health?.status).toBe('Progressing')
  }

  async function expectNoDiff(): Promise<void> {
    await rig.cluster.looked()
    await rig.cluster.settled()
    const before = await rig.version()
    const { reconciledAt } = await application()
    await refresh()
    const now = await eventually('compared again', async () => {
      const seen = await application()
      return seen.reconciledAt === reconciledAt ? undefined : seen
    })
    expect(now.sync?.status).toBe('Synced')
    expect(now.health?.status).toBe('Healthy')
    expect(await rig.version()).toBe(before)
  }

  it('makes the BatchSender, says Progressing until it is Ready, and then Healthy', async () => {
    rig.holdWorkers(true)
    const commit = await rig.git.commit({ 'sender/orders.yaml': rig.sender() })
    const [sample] = await toolSample('argocd/application.yaml', rig)
    await apply([sample ?? {}])
    await untilHealth('Progressing', 'Synced', commit)
    await eventually('a BatchSender that waits for its workers', async () =>
      condition(await rig.cluster.status(), 'WorkerReady')?.status === 'False' ? true : undefined,
    )
    await expectProgressing()
    rig.holdWorkers(false)
    await untilHealthy(commit)
    expect(await rig.readySender()).toBeDefined()
  })

  it('sees nothing that differs, and writes nothing', () => expectNoDiff())

  it('leaves the number of workers to kubectl scale', async () => {
    await rig.cluster.inNamespace(['scale', 'bs/orders', '--replicas=3'])
    await rig.untilReplicas(3)
    await eventually('Ready with three', () => rig.readySender())
    await expectNoDiff()
    expect(await rig.replicas()).toBe(3)
  })

  it('leaves the number of workers to an autoscaler', async () => {
    await rig.giveReplicasUp()
    await untilHealthy(await pushSender({ worker: { autoscaling: { minReplicas: 2, maxReplicas: 10 } } }))
    await rig.autoscale(5)
    await eventually('Ready with five', () => rig.readySender())
    await expectNoDiff()
    expect(await rig.replicas()).toBe(5)
    await untilHealthy(await pushSender())
  })

  it('takes no older generation for the one that it waits for', async () => {
    rig.holdWorkers(true)
    const commit = await pushSender({ worker: { podAnnotations: { 'example.com/roll': '1' } } })
    await eventually('a roll-out', async () =>
      condition(await rig.cluster.status(), 'WorkerReady')?.reason === 'RollingOut' ? true : undefined,
    )
    await untilHealth('Progressing', 'Synced', commit)
    await expectProgressing()
    rig.holdWorkers(false)
    await untilHealthy(commit)
  })

  const wave = (name: string, number: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, annotations: { 'argocd.argoproj.io/sync-wave': number } },
  })

  it('makes a later wave once it is Healthy', async () => {
    rig.holdWorkers(true)
    const worker = { podAnnotations: { 'example.com/roll': '2' } }
    const commit = await push({
      'sender/orders.yaml': rig.sender({ worker }),
      'sender/after.yaml': stringify(wave('after', '1')),
    })
    await eventually('a roll-out', async () =>
      condition(await rig.cluster.status(), 'WorkerReady')?.reason === 'RollingOut' ? true : undefined,
    )
    await eventually('a sync that waits', async () =>
      ((await application()).operationState?.message ?? '').includes('waiting for healthy state')
        ? true
        : undefined,
    )
    expect(await rig.cluster.get('configmap', 'after')).toBeUndefined()
    rig.holdWorkers(false)
    await eventually('the later wave', () => rig.cluster.get('configmap', 'after'))
    expect(await rig.readySender()).toBeDefined()
    await untilHealthy(commit)
  })

  it('ends a sync of waves at once for one that is Stalled, says Degraded, and recovers', async () => {
    const commit = await push({
      'sender/orders.yaml': rig.sender(REFUSED),
      'sender/after.yaml': stringify(wave('never', '1')),
    })
    const failed = await eventually('a failure', async () => {
      const now = await application()
      const { resources = [] } = now.operationState?.syncResult ?? {}
      const sender = resources.find(({ kind }) => kind === 'BatchSender')
      const isThere = now.health?.status === 'Degraded' && now.sync?.revision === commit
      return isThere && sender?.hookPhase === 'Failed' ? sender : undefined
    })
    expect(failed.message).toMatch(/tolerations\[0\]\.operator/)
    expect(await rig.cluster.get('configmap', 'never')).toBeUndefined()
    await untilHealthy(await pushSender())
    expect(await rig.cluster.get('configmap', 'after')).toBeUndefined()
  })

  it('says Suspended while it is, also over an edit, and Healthy afterwards', async () => {
    await untilHealth('Suspended', 'Synced', await pushSender({ suspend: true }))
    const worker = { podAnnotations: { 'example.com/roll': '3' } }
    await untilHealth('Suspended', 'Synced', await pushSender({ suspend: true, worker }))
    await untilHealthy(await pushSender({ worker }))
    const deployment = JSON.stringify(await rig.cluster.get('deployment', 'orders-worker'))
    expect(deployment).toContain('"example.com/roll":"3"')
  })

  it('not automated, tells what differs and leaves it; automated, puts it back', async () => {
    const automated = (value: object | null) =>
      inArgo([
        'patch',
        'application',
        'mail',
        '--type=merge',
        '-p',
        JSON.stringify({ spec: { syncPolicy: { automated: value } } }),
      ])
    await automated(null)
    const byHand = JSON.stringify({ spec: { worker: { provider: { smtp: { host: 'other.example.com' } } } } })
    await rig.cluster.inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', byHand])
    await eventually('OutOfSync', async () =>
      (await application()).sync?.status === 'OutOfSync' ? true : undefined,
    )
    await eventually('Ready as edited', () => rig.readySender())
    await automated({ prune: true, selfHeal: true })
    await eventually('Synced', async () =>
      (await application()).sync?.status === 'Synced' ? true : undefined,
    )
    await eventually('Ready as in Git', () => rig.readySender())
    await eventually('Healthy', async () =>
      (await application()).health?.status === 'Healthy' ? true : undefined,
    )
    await expectNoDiff()
  })

  it('does not take for Healthy what no operator has seen yet', async () => {
    await push({ 'sender/after.yaml': stringify(wave('other', '0')) })
    await eventually('nothing', async () =>
      (await rig.cluster.get('batchsender', 'orders')) === undefined ? true : undefined,
    )
    await rig.cluster.operator.stop()
    const commit = await pushSender()
    await eventually('the BatchSender', () => rig.cluster.get('batchsender', 'orders'))
    await untilHealth('Progressing', 'Synced', commit)
    await rig.cluster.startOperator()
    await untilHealthy(commit)
  })

  it('deletes the BatchSender with the Application, and it what it made', async () => {
    await inArgo(['delete', 'application', 'mail', '--timeout=120s'])
    for (const kind of ['deployments', 'statefulsets', 'services'])
      await eventually(`no ${kind}`, async () =>
        (await rig.cluster.api.list(kind, rig.cluster.namespace)).length === 0 ? true : undefined,
      )
    expect(await rig.cluster.get('secret', 'postgres')).toBeDefined()
    expect(await rig.cluster.get('secret', 'orders-nats-ca')).toBeDefined()
  })
})
