/**
 * Helm with the chart of config/samples/gitops/helm: `--wait` waits for a BatchSender as its status tells it to. Only where
 * it was built (`make peers`, `make release`); that it was left out is told.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cachedHelm } from '../../hack/peers/helm.ts'
import { startProcess } from '../../hack/servers/process.ts'
import { condition } from './harness.ts'
import { REFUSED, SAMPLES, startGitOps, type GitOps } from './gitops.ts'

const program = await cachedHelm()
if (program === undefined)
  console.log('LEFT OUT  operator/test/gitopsHelm.test.ts: Helm is not built (make peers)')

/** Longer than anything here takes: what ends with it would not have ended. */
const PATIENT = '10m'
/** How long workers are held while Helm sees that they are not there. */
const HELD_MS = 3_000
/** For what can only end with it. */
const SHORT = '20s'

describe.skipIf(program === undefined)('Helm', () => {
  let rig: GitOps
  let home: string

  beforeAll(async () => {
    rig = await startGitOps()
    home = await mkdtemp(join(tmpdir(), 'batchsender-helm-'))
  })
  afterAll(async () => {
    await rig.stop()
    await rm(home, { recursive: true, force: true })
  })

  /** @returns what it said, and whether that was an error */
  async function helm(
    ...args: readonly string[]
  ): Promise<{ readonly failed: boolean; readonly said: string }> {
    const folders = { HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home }
    const where = ['--kubeconfig', rig.cluster.plane.kubeconfig, '--namespace', rig.cluster.namespace]
    const started = startProcess(program ?? '', [...args, ...where], { env: { ...process.env, ...folders } })
    const code = await started.exited
    return { failed: code !== 0, said: started.output() }
  }

  /** @param spec over that of the chart */
  async function upgrade(spec: object = {}, timeout = PATIENT) {
    const values = join(home, 'values.json')
    await writeFile(values, JSON.stringify({ spec }))
    const chart = join(SAMPLES, 'helm')
    return helm('upgrade', '--install', 'mail', chart, '--values', values, '--wait', '--timeout', timeout)
  }

  /** It ends well, and the BatchSender is Ready at that moment. */
  async function expectReady(upgrading: ReturnType<typeof upgrade>): Promise<void> {
    const { failed, said } = await upgrading
    expect(said).not.toMatch(/^Error/m)
    expect(failed).toBe(false)
    expect(await rig.readySender()).toBeDefined()
  }

  const eventually = <Result>(what: string, look: () => Promise<Result | undefined>) =>
    rig.cluster.eventually(what, look, 180_000)

  /** It does not end while workers are held: no time makes it green that is not. */
  async function expectWaiting(upgrading: ReturnType<typeof upgrade>): Promise<void> {
    await eventually('a roll-out', async () => {
      const object = await rig.cluster.get('batchsender', 'orders')
      const seen = object && condition(await rig.cluster.status(), 'WorkerReady')
      return seen?.status === 'False' ? true : undefined
    })
    expect(await Promise.race([upgrading, sleep(HELD_MS, 'waiting')])).toBe('waiting')
  }

  async function expectNoDiff(): Promise<void> {
    await rig.cluster.looked()
    await rig.cluster.settled()
    const before = await rig.version()
    await expectReady(upgrade())
    expect(await rig.version()).toBe(before)
  }

  it('waits until the BatchSender is Ready', async () => {
    rig.holdWorkers(true)
    const installing = upgrade()
    await expectWaiting(installing)
    rig.holdWorkers(false)
    await expectReady(installing)
  })

  it('changes nothing where nothing differs', () => expectNoDiff())

  it('leaves the number of workers to kubectl scale', async () => {
    await rig.cluster.inNamespace(['scale', 'bs/orders', '--replicas=3'])
    await rig.untilReplicas(3)
    await eventually('Ready with three', () => rig.readySender())
    await expectNoDiff()
    expect(await rig.replicas()).toBe(3)
  })

  it('leaves the number of workers to an autoscaler', async () => {
    await rig.giveReplicasUp()
    const worker = { autoscaling: { minReplicas: 2, maxReplicas: 10 } }
    await expectReady(upgrade({ worker }))
    await rig.autoscale(5)
    await expectReady(upgrade({ worker }))
    expect(await rig.replicas()).toBe(5)
    await expectReady(upgrade())
  })

  it('takes no older generation for the one that it waits for', async () => {
    rig.holdWorkers(true)
    const upgrading = upgrade({ worker: { podAnnotations: { 'example.com/roll': '1' } } })
    await expectWaiting(upgrading)
    rig.holdWorkers(false)
    await expectReady(upgrading)
  })

  it('fails for one that is Stalled, and goes on when that is mended', async () => {
    const { failed, said } = await upgrade(REFUSED)
    expect(failed).toBe(true)
    expect(said).toMatch(/orders/)
    // What it would say once it has waited for as long as it may.
    expect(said).not.toMatch(/deadline|timed out/)
    expect(condition(await rig.cluster.status(), 'SpecValid')?.message).toMatch(/tolerations\[0\]\.operator/)
    await expectReady(upgrade())
  })

  it('takes a suspension for carried out, and an edit under it for not', async () => {
    await expectReady(upgrade({ suspend: true }))
    const worker = { podAnnotations: { 'example.com/roll': '2' } }
    expect(await upgrade({ suspend: true, worker }, SHORT)).toMatchObject({ failed: true })
    await expectReady(upgrade({ worker }))
  })

  it('removes the BatchSender with what it made, and nothing else', async () => {
    expect(await helm('uninstall', 'mail', '--wait', '--timeout', PATIENT)).toMatchObject({ failed: false })
    expect(await rig.cluster.get('batchsender', 'orders')).toBeUndefined()
    for (const kind of ['deployments', 'statefulsets', 'services'])
      await eventually(`no ${kind}`, async () =>
        (await rig.cluster.api.list(kind, rig.cluster.namespace)).length === 0 ? true : undefined,
      )
    expect(await rig.cluster.get('secret', 'postgres')).toBeDefined()
    expect(await rig.cluster.get('secret', 'orders-nats-ca')).toBeDefined()
  })

  it('does not take for Ready what no operator has seen yet', async () => {
    await rig.cluster.operator.stop()
    expect(await upgrade({}, SHORT)).toMatchObject({ failed: true })
    await rig.cluster.startOperator()
    await expectReady(upgrade())
  })
})
