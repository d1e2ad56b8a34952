/**
 * A release, installed from its files alone as docs/install.md has it, in each of its ways: with its images, in a
 * namespace of any name, and with a BatchSender that is Ready and sends. It moves the operator, so it has the cluster for itself.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RELEASE } from '../../crds/release.ts'
import { OPERATOR_NAMESPACE } from '../../operator/src/settings.ts'
import { ensureCluster, kubectl, load, type Cluster } from '../cluster/cluster.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'
import { sendAndAccount } from '../demo/mail.ts'
import { procedure } from '../docs/procedures.ts'
import { openShell } from '../docs/shell.ts'
import { cachedHelm } from '../peers/helm.ts'
import { sha256 } from '../release/archive.ts'
import { Environment, expectContract } from './environment.ts'
import { rememberedOperator } from './installedOperator.ts'

const helm = await cachedHelm()
if (helm === undefined)
  console.log('LEFT OUT  hack/e2e/release.test.ts: the chart, Helm is not built (make peers)')

const { version } = RELEASE
const GONE = ['--ignore-not-found', '--wait=true', '--timeout=300s']
/** Files that were made before, which are tried instead of others. */
const { RELEASE_DIST } = process.env
let cluster: Cluster
let dist: string
let putBack: () => Promise<void>

beforeAll(async () => {
  cluster = await ensureCluster()
  putBack = await rememberedOperator(cluster)
  dist = RELEASE_DIST ?? (await made())
  for (const app of ['operator', 'worker']) {
    const archive = join(dist, 'images', `${app}-${version}.oci.tar`)
    // A file like any other for containerd, which sees no folder of this test.
    await load(cluster, { archive, stamp: `release-${(await sha256(archive)).slice(0, 12)}` })
  }
  // The order of docs/upgrade.md, in a cluster that has had another build's.
  const crds = ['apply', '--server-side', '--force-conflicts', '-f', join(dist, 'crds.yaml')]
  await kubectl(cluster, crds)
  // Two operators over one object would fight: the demo's steps aside.
  await kubectl(cluster, ['-n', OPERATOR_NAMESPACE, 'delete', 'deployment', 'batchsender-operator', ...GONE])
})
afterAll(async () => {
  await putBack()
  if (dist !== RELEASE_DIST) await rm(dist, { recursive: true, force: true })
})

async function made(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'release-e2e-'))
  const env = { ...process.env, VERSION: version, TRIAL: '1', DIST: folder }
  const program = join(repositoryDir, 'hack/release/main.ts')
  await run(join(repositoryDir, 'node_modules/.bin/node'), [program], { env })
  return folder
}

/** In the folder of the release, as somebody who has downloaded it. */
async function follow(text: string, namespace: string): Promise<string> {
  const { kubeconfig, kubectl: program } = cluster
  const shell = await openShell({ kubectl: program, kubeconfig, namespace })
  try {
    const tools = helm === undefined ? '' : `PATH="$PATH:${dirname(helm)}"\n`
    return await shell.run(`${tools}cd '${dist}'\n${text}`)
  } finally {
    await shell.close()
  }
}

const WAYS = [
  {
    way: 'install.yaml',
    namespace: 'e2e-release-file',
    install: procedure('docs/install.md#namespaced').with({
      'namespace: mail': 'namespace: e2e-release-file',
      '-n mail': '-n e2e-release-file',
    }),
    remove: procedure('docs/removal.md#manifests').with({ '-n mail': '-n e2e-release-file' }),
    operatorNamespace: 'e2e-release-file',
  },
  {
    way: 'install-cluster-wide.yaml',
    namespace: 'e2e-release-wide',
    install: procedure('docs/install.md#cluster-wide'),
    remove: procedure('docs/removal.md#manifests').with({ '-n mail': `-n ${OPERATOR_NAMESPACE}` }),
    operatorNamespace: OPERATOR_NAMESPACE,
  },
  {
    way: 'the chart',
    namespace: 'e2e-release-chart',
    install: procedure('docs/install.md#helm').with({ '--namespace mail': '--namespace e2e-release-chart' }),
    remove: procedure('docs/removal.md#helm').with({ '--namespace mail': '--namespace e2e-release-chart' }),
    operatorNamespace: 'e2e-release-chart',
  },
] as const

describe.each(WAYS)('$way', ({ way, namespace, install, remove, operatorNamespace }) => {
  it.skipIf(way === 'the chart' && helm === undefined)(
    'brings a BatchSender to Ready, which sends, and leaves it when the operator goes',
    async () => {
      // Of the ways before, or of the demo: Helm takes over nothing that is not its own.
      await kubectl(cluster, ['delete', 'clusterrole', 'batchsender-view', 'batchsender-edit', ...GONE])
      const here = await Environment.start(namespace, { install: () => follow(install.text, namespace) })
      try {
        expect(await sendAndAccount(await here.endpoints(), 100)).toMatchObject({
          distinct: 100,
          duplicates: 0,
        })
        const images = await kubectl(cluster, [
          '-n',
          operatorNamespace,
          'get',
          'deployment',
          'batchsender-operator',
          '-o',
          'jsonpath={.spec.template.spec.containers[0].image}',
        ])
        expect(images).toBe(`batchsender/operator:${version}`)
        const worker = await here.kubectl(
          'get',
          'deployment',
          'orders-worker',
          '-o',
          'jsonpath={.spec.template.spec.containers[0].image}',
        )
        expect(worker).toBe(`batchsender/worker:${version}`)
        expectContract(here.statuses)
        const pods = await here.pods()
        await follow(remove.text, namespace)
        const left = await kubectl(cluster, [
          '-n',
          operatorNamespace,
          'get',
          'deployment',
          'batchsender-operator',
          '--ignore-not-found',
          '-o',
          'name',
        ])
        expect(left.trim()).toBe('')
        expect(await here.pods()).toEqual(pods)
        expect(await sendAndAccount(await here.endpoints(), 20)).toMatchObject({
          distinct: 20,
          duplicates: 0,
        })
      } finally {
        await here.stop()
        await kubectl(cluster, ['delete', 'namespace', namespace, ...GONE])
      }
    },
    1_800_000,
  )
})
