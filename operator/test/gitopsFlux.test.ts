/**
 * Flux's source-controller and kustomize-controller with the samples of config/samples/gitops/flux: they wait for a
 * BatchSender as its status tells them to. Only where they were built (`make peers`); that it was left out is told.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flux, FLUX_NAMESPACE, fluxDefinitions, startFlux, type Flux } from '../../hack/peers/flux.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { condition } from './harness.ts'
import { KINDS } from './objects.ts'
import {
  define,
  REFUSED,
  releaseFiles,
  startGitOps,
  toolSample,
  type GitOps,
  type SenderSpec,
} from './gitops.ts'

const folder = await flux()
if (folder === undefined)
  console.log(
    'LEFT OUT  operator/test/gitopsFlux.test.ts: the controllers of Flux are not built (make peers)',
  )

const USER = 'flux'
const REQUESTED = 'reconcile.fluxcd.io/requestedAt'

interface Told {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

interface Kustomization extends KubernetesObject {
  readonly status?: {
    readonly conditions?: readonly Told[]
    readonly lastAppliedRevision?: string
    readonly lastHandledReconcileAt?: string
  }
}

describe.skipIf(folder === undefined)('Flux', () => {
  let rig: GitOps
  let controllers: Flux
  let release: Record<string, string>
  let requests = 0

  beforeAll(async () => {
    rig = await startGitOps()
    const { cluster } = rig
    await define(cluster, await fluxDefinitions())
    await cluster.kubectl(['create', 'namespace', FLUX_NAMESPACE])
    const kubeconfig = await cluster.plane.kubeconfigFor({ name: USER, groups: ['system:masters'] })
    controllers = await startFlux(folder ?? '', kubeconfig)
    release = await releaseFiles(rig)
  })
  afterAll(async () => {
    await controllers.stop()
    await rig.stop()
  })

  const inFlux = (args: readonly string[], input?: string) =>
    rig.cluster.kubectl(['-n', FLUX_NAMESPACE, ...args], input)
  const kustomization = async (name = 'mail') =>
    JSON.parse(
      await inFlux(['get', 'kustomizations.kustomize.toolkit.fluxcd.io', name, '-o', 'json']),
    ) as Kustomization
  const ready = ({ status }: Kustomization) => status?.conditions?.find(({ type }) => type === 'Ready')

  /** As `flux reconcile` asks. */
  async function request(kind: string, name = 'mail'): Promise<string> {
    requests += 1
    await inFlux(['annotate', '--overwrite', kind, name, `${REQUESTED}=request-${requests}`])
    return `request-${requests}`
  }

  /** @param sender what the repository has of BatchSenders, by file */
  async function push(sender: Readonly<Record<string, string>>): Promise<string> {
    const commit = await rig.git.commit({ ...release, ...sender })
    await request('gitrepository')
    return commit
  }
  const pushSender = (spec: SenderSpec = {}) => push({ 'sender/orders.yaml': rig.sender(spec) })

  async function eventually<Result>(what: string, look: () => Promise<Result | undefined>): Promise<Result> {
    return rig.cluster.eventually(what, look, 180_000).catch(async (error: unknown) => {
      const told = await inFlux(['get', 'gitrepositories,kustomizations', '-o', 'yaml'])
      throw new Error(`${String(error)}\n${told}\n${controllers.log()}`, { cause: error })
    })
  }

  const untilReady = (commit: string) =>
    eventually(`Ready at ${commit}`, async () => {
      const seen = await kustomization()
      const isApplied = seen.status?.lastAppliedRevision?.endsWith(commit) === true
      return isApplied && ready(seen)?.status === 'True' ? ready(seen) : undefined
    })

  /** Flux has looked at the BatchSender again and again, and waits all the same. */
  async function expectWaiting(): Promise<void> {
    await eventually('waiting', async () => {
      const { status } = await kustomization()
      const beside = status?.conditions?.find(({ type }) => type === 'Reconciling')
      return beside?.message.includes('health check') === true ? true : undefined
    })
    const before = await rig.looks(USER)
    await eventually('looks', async () => ((await rig.looks(USER)) >= before + 2 ? true : undefined))
    expect(ready(await kustomization())).toMatchObject({ status: 'Unknown' })
  }

  async function expectNoDiff(): Promise<void> {
    await rig.cluster.looked()
    await rig.cluster.settled()
    const before = await rig.version()
    const asked = await request('kustomization')
    const seen = await eventually('handled', async () => {
      const now = await kustomization()
      return now.status?.lastHandledReconcileAt === asked && ready(now)?.status === 'True' ? now : undefined
    })
    expect(ready(seen)?.reason).toBe('ReconciliationSucceeded')
    expect(await rig.version()).toBe(before)
  }

  it('makes the definition, then the operator, then the BatchSender, and waits until that is Ready', async () => {
    rig.holdWorkers(true)
    const commit = await rig.git.commit({ ...release, 'sender/orders.yaml': rig.sender() })
    const samples = ['source', 'crds', 'operator', 'sender'].map((name) =>
      toolSample(`flux/${name}.yaml`, rig),
    )
    const objects = (await Promise.all(samples)).flat()
    await inFlux(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'))
    await eventually('a BatchSender that waits for its workers', async () => {
      const object = await rig.cluster.get('batchsender', 'orders')
      return object && condition(await rig.cluster.status(), 'WorkerReady')?.status === 'False'
        ? true
        : undefined
    })
    for (const before of ['batchsender-crds', 'batchsender-operator'])
      expect(ready(await kustomization(before))?.status).toBe('True')
    await expectWaiting()
    rig.holdWorkers(false)
    expect(await untilReady(commit)).toMatchObject({ reason: 'ReconciliationSucceeded' })
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
    const commit = await pushSender({ worker: { autoscaling: { minReplicas: 2, maxReplicas: 10 } } })
    await untilReady(commit)
    await rig.autoscale(5)
    await eventually('Ready with five', () => rig.readySender())
    await expectNoDiff()
    expect(await rig.replicas()).toBe(5)
    await untilReady(await pushSender())
  })

  it('takes no older generation for the one that it waits for', async () => {
    rig.holdWorkers(true)
    const commit = await pushSender({ worker: { podAnnotations: { 'example.com/roll': '1' } } })
    await eventually('a roll-out', async () =>
      condition(await rig.cluster.status(), 'WorkerReady')?.reason === 'RollingOut' ? true : undefined,
    )
    await expectWaiting()
    rig.holdWorkers(false)
    await untilReady(commit)
  })

  it('gives up at once on one that is Stalled, and goes on when that is mended', async () => {
    await pushSender(REFUSED)
    const told = await eventually('a failure', async () => {
      const found = ready(await kustomization())
      // Those that it depends on come to a new commit first.
      return found?.status === 'False' && found.reason !== 'DependencyNotReady' ? found : undefined
    })
    expect(told.reason).toBe('HealthCheckFailed')
    expect(told.message).toContain('failed early due to stalled resources')
    expect(condition(await rig.cluster.status(), 'SpecValid')?.message).toMatch(/tolerations\[0\]\.operator/)
    await untilReady(await pushSender())
  })

  it('takes a suspension for carried out, and an edit under it for not', async () => {
    await untilReady(await pushSender({ suspend: true }))
    const worker = { podAnnotations: { 'example.com/roll': '2' } }
    await pushSender({ suspend: true, worker })
    await expectWaiting()
    await untilReady(await pushSender({ worker }))
    const deployment = JSON.stringify(await rig.cluster.get('deployment', 'orders-worker'))
    expect(deployment).toContain('"example.com/roll":"2"')
  })

  it('suspended itself, leaves the operator at work, and puts edits by hand back when it is resumed', async () => {
    const suspend = (isSuspended: boolean) =>
      inFlux([
        'patch',
        'kustomization',
        'mail',
        '--type=merge',
        '-p',
        JSON.stringify({ spec: { suspend: isSuspended } }),
      ])
    const hostOf = async () =>
      (await rig.cluster.get('batchsender', 'orders'))?.['spec'] as {
        readonly worker: { readonly provider: { readonly smtp: { readonly host: string } } }
      }
    await suspend(true)
    await rig.cluster.inNamespace(['delete', 'service', 'orders-worker'])
    await eventually('the Service again', () => rig.cluster.get('service', 'orders-worker'))
    const byHand = JSON.stringify({ spec: { worker: { provider: { smtp: { host: 'other.example.com' } } } } })
    await rig.cluster.inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', byHand])
    await eventually('Ready as edited', () => rig.readySender())
    expect((await hostOf()).worker.provider.smtp.host).toBe('other.example.com')
    await suspend(false)
    await eventually('what Git has', async () =>
      (await hostOf()).worker.provider.smtp.host === 'mail.example.com' ? true : undefined,
    )
    await eventually('Ready as in Git', () => rig.readySender())
    await expectNoDiff()
  })

  it('prunes the BatchSender with what it made, and nothing else', async () => {
    await push({ 'sender/README.md': 'none' })
    const mine = async () =>
      (await Promise.all(KINDS.map((kind) => rig.cluster.api.list(kind, rig.cluster.namespace))))
        .flat()
        .map(({ kind, metadata: { name } }) => `${kind}/${name}`)
        .sort()
    await eventually('everything gone that had an owner', async () =>
      (await mine()).some((name) => name.startsWith('Deployment/') || name.startsWith('StatefulSet/'))
        ? undefined
        : true,
    )
    const stays = ['Secret/api-tokens', 'Secret/orders-nats-ca', 'Secret/postgres', 'Secret/smtp']
    // The collector takes one after the other.
    const left = await eventually('what stays', async () => {
      const names = await mine()
      return names.length <= stays.length ? names : undefined
    })
    expect(left).toEqual(stays)
    await inFlux(['delete', 'kustomization', 'batchsender-crds', '--timeout=60s'])
    expect(await rig.cluster.get('customresourcedefinition', 'batchsenders.batchsender.io')).toBeDefined()
  })

  it('does not take for Ready what no operator has seen yet', async () => {
    await rig.cluster.operator.stop()
    // Without its definition's Kustomization the sample would wait for that.
    const release = JSON.stringify([{ op: 'remove', path: '/spec/dependsOn' }])
    await inFlux(['patch', 'kustomization', 'mail', '--type=json', '-p', release])
    const commit = await pushSender()
    await eventually('the BatchSender', () => rig.cluster.get('batchsender', 'orders'))
    await expectWaiting()
    await rig.cluster.startOperator()
    await untilReady(commit)
  })
})
