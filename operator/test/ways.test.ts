/**
 * docs/install.md, docs/upgrade.md and docs/removal.md with the files of a release, followed as they are written before an
 * API server: what is there afterwards, and what is not taken away. hack/e2e/release.test.ts has the pods.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RELEASE } from '../../crds/release.ts'
import { run } from '../../hack/cluster/shell.ts'
import { procedure, type Procedure } from '../../hack/docs/procedures.ts'
import { openShell, type Shell } from '../../hack/docs/shell.ts'
import { binary } from '../../hack/cluster/binaries.ts'
import { cachedHelm } from '../../hack/peers/helm.ts'
import { releaseChart, releaseManifests } from '../../hack/release/manifests.ts'
import { startControlPlane, type ControlPlane } from '../../hack/servers/controlPlane.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { ApiClient } from './apiClient.ts'
import { rolledOut, runControllers } from './controllers.ts'
import { ROOT } from './harness.ts'

const helm = await cachedHelm()
if (helm === undefined)
  console.log('LEFT OUT  operator/test/ways.test.ts: the ways of Helm, which is not built (make peers)')

const DEFINITION = 'customresourcedefinition.apiextensions.k8s.io/batchsenders.batchsender.io'

let plane: ControlPlane
let api: ApiClient
let kubectl: string
let files: string

beforeAll(async () => {
  plane = await startControlPlane()
  api = await ApiClient.with(plane.kubeconfig)
  kubectl = await binary('kubectl')
  files = await mkdtemp(join(tmpdir(), 'release-files-'))
  const target = join(files, 'dist')
  await mkdir(target)
  await releaseManifests(RELEASE, target)
  await releaseChart(RELEASE, { work: files, target, seconds: 0 })
})
afterAll(async () => {
  api.close()
  await plane.stop()
  await rm(files, { recursive: true, force: true })
})

/** As the Deployment controller says it, in words that Helm waits for. */
function available(object: KubernetesObject): object | undefined {
  const status = rolledOut(object)
  const said = (type: string, reason: string) => ({ type, status: 'True', reason })
  return (
    status && {
      ...status,
      conditions: [
        said('Progressing', 'NewReplicaSetAvailable'),
        said('Available', 'MinimumReplicasAvailable'),
      ],
    }
  )
}

const ask = (...args: readonly string[]) => run(kubectl, ['--kubeconfig', plane.kubeconfig, ...args])
const names = async (...args: readonly string[]) =>
  (await ask('get', '--ignore-not-found', '-o', 'name', ...args)).trim().split('\n').filter(Boolean)

let reader: Shell
let controllers: { stop(): Promise<void> }[]
beforeEach(async () => {
  reader = await openShell({ kubectl, kubeconfig: plane.kubeconfig, namespace: 'default' })
  await run('cp', ['-r', `${join(files, 'dist')}/.`, reader.dir])
  controllers = ['mail', 'batchsender-system'].map((namespace) =>
    runControllers({ api, namespace }, { deployment: available }),
  )
})
afterEach(async () => {
  for (const each of controllers) await each.stop()
  await reader.close()
})

const follow = ({ text }: Procedure) =>
  reader.run(helm === undefined ? text : `PATH="$PATH:${dirname(helm)}"\n${text}`)

const anOrder = () => ask('-n', 'mail', 'apply', '-f', join(ROOT, 'config/samples/minimal.yaml'))

/** What is the operator's own in a namespace, and nothing of a BatchSender's. */
const operatorIn = (namespace: string) =>
  names(
    '-n',
    namespace,
    'deployments,networkpolicies,podtemplates,roles,rolebindings',
    '-l',
    'app.kubernetes.io/part-of=batchsender',
  )

/** Written by hand in the document: the last step takes all that is left of it. */
async function everythingGoes(): Promise<void> {
  await expect(follow(procedure('docs/removal.md#definition'))).rejects.toThrow()
  expect(await names(DEFINITION)).toEqual([DEFINITION])
  await follow(procedure('docs/removal.md#batchsender'))
  await follow(procedure('docs/removal.md#what-is-left'))
  await follow(procedure('docs/removal.md#definition'))
  expect(await names('crds,clusterroles', '-l', 'app.kubernetes.io/part-of=batchsender')).toEqual([])
}

describe('by manifests', () => {
  it('comes into a namespace, is upgraded, and goes without the BatchSenders', async () => {
    await follow(procedure('docs/install.md#namespaced'))
    await anOrder()
    const there = await operatorIn('mail')
    expect(there).toContain('deployment.apps/batchsender-operator')
    expect(await operatorIn('batchsender-system')).toEqual([])
    const upgrade = procedure('docs/upgrade.md#upgrade-manifests')
    // Nobody here makes it Ready.
    await ask(
      '-n',
      'mail',
      'patch',
      'bs',
      'orders',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({
        status: {
          conditions: [
            {
              type: 'Ready',
              status: 'True',
              reason: 'Ready',
              message: '',
              lastTransitionTime: new Date().toISOString(),
              observedGeneration: 1,
            },
          ],
        },
      }),
    )
    await follow(upgrade)
    expect(await operatorIn('mail')).toEqual(there)
    const moved = await follow(procedure('docs/install.md#own-registry'))
    expect(
      moved.match(/registry\.example\.com\/team\/(batchsender\/operator|batchsender\/worker|nats):/g),
    ).toHaveLength(3)

    await follow(procedure('docs/removal.md#manifests'))
    expect(await operatorIn('mail')).toEqual([])
    expect(await names('-n', 'mail', 'bs')).toEqual(['batchsender.batchsender.io/orders'])
    await everythingGoes()
  })

  it('comes for the cluster, and goes with its rights', async () => {
    await follow(procedure('docs/install.md#cluster-wide'))
    expect(await names('clusterroles', 'batchsender-operator')).toHaveLength(1)
    await follow(procedure('docs/removal.md#manifests').with({ '-n mail': '-n batchsender-system' }))
    await follow(procedure('docs/removal.md#cluster-rights'))
    expect(await operatorIn('batchsender-system')).toEqual([])
    expect(await names('clusterroles,clusterrolebindings', 'batchsender-operator')).toEqual([])
    expect(await names(DEFINITION)).toEqual([DEFINITION])
    await follow(procedure('docs/removal.md#definition'))
  })
})

describe.skipIf(helm === undefined)('by Helm', () => {
  it('comes, is upgraded and put back, and goes without the definition and the BatchSenders', async () => {
    await follow(procedure('docs/install.md#helm'))
    await anOrder()
    const there = await operatorIn('mail')
    await follow(procedure('docs/upgrade.md#upgrade-helm'))
    await follow(procedure('docs/upgrade.md#downgrade-helm'))
    expect(await operatorIn('mail')).toEqual(there)
    expect(await follow(procedure('docs/removal.md#helm'))).toContain('kept due to the resource policy')
    expect(await operatorIn('mail')).toEqual([])
    expect(await names('-n', 'mail', 'bs')).toEqual(['batchsender.batchsender.io/orders'])
    await ask('delete', 'clusterrole', 'batchsender-view', 'batchsender-edit', '--ignore-not-found')
    await ask('-n', 'mail', 'delete', 'bs', '--all')
    await ask('delete', DEFINITION)
  })
})
