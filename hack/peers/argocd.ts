/**
 * Argo CD (Apache-2.0) in one program, which is its application-controller or its repo-server by the name it is called by.
 * `node argocd.ts` builds it, which takes minutes; tests use it where it was built.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import { builtModule, cachedModule } from '../cluster/binaries.ts'
import { definitionsIn, moduleFolder } from '../servers/moduleDefinitions.ts'
import { freePort } from '../servers/ports.ts'
import { startProcess, untilReady, type ServerProcess } from '../servers/process.ts'
import { startRedis } from '../servers/redis.ts'

const NAME = 'argocd'
const VERSION = '3.6.1'
const TOOLCHAIN = 'go1.27.3'
const MODULE = {
  folder: NAME,
  binaries: { argocd: 'github.com/argoproj/argo-cd/v3/cmd' },
  ldflags: `-X github.com/argoproj/argo-cd/v3/common.version=${VERSION}`,
  toolchain: TOOLCHAIN,
}
const SOURCE = {
  toolchain: TOOLCHAIN,
  module: `github.com/argoproj/argo-cd/v3@v${VERSION}`,
  sum: 'h1:OmhqeKiR3C//awbFrhQqFdtRI+Qiv17j8vqm3UkMj/g=',
}

/** Where Argo CD lives. */
export const ARGOCD_NAMESPACE = 'argocd'

/** @returns its path, where it was built. */
export async function argocd(): Promise<string | undefined> {
  const folder = await cachedModule(NAME, MODULE)
  return folder && join(folder, 'argocd')
}

/** Of Applications and their projects. */
export async function argocdDefinitions(): Promise<readonly KubernetesObject[]> {
  const files = ['application-crd.yaml', 'appproject-crd.yaml']
  const all = files.map((file) => definitionsIn({ ...SOURCE, path: `manifests/crds/${file}` }))
  return (await Promise.all(all)).flat()
}

/**
 * What has to be there before it starts, as it ships them, and the project that everything may be in.
 *
 * @param settings further ones of the ConfigMap argocd-cm
 */
export async function argocdConfiguration(
  settings: Readonly<Record<string, string>>,
): Promise<readonly KubernetesObject[]> {
  const folder = join(await moduleFolder(SOURCE), 'manifests/base/config')
  const shipped = async (name: string, more: object = {}) => ({
    ...(parse(await readFile(join(folder, `${name}.yaml`), 'utf8')) as KubernetesObject),
    ...more,
  })
  const { data } = (await shipped('argocd-cm')) as { readonly data?: object }
  return [
    await shipped('argocd-cm', { data: { ...data, ...settings } }),
    await shipped('argocd-rbac-cm'),
    await shipped('argocd-gpg-keys-cm'),
    await shipped('argocd-secret', { stringData: { 'server.secretkey': 'of the tests' } }),
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata: { name: 'default' },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ namespace: '*', server: '*' }],
        clusterResourceWhitelist: [{ group: '*', kind: '*' }],
      },
    },
  ]
}

export interface ArgoCd {
  log(): string
  stop(): Promise<void>
}

/**
 * Its controller and its repo-server, as whom the kubeconfig says.
 *
 * @param program of {@link argocd}
 */
export async function startArgoCd(program: string, kubeconfig: string): Promise<ArgoCd> {
  const home = await mkdtemp(join(tmpdir(), 'batchsender-argocd-'))
  const redis = await startRedis()
  const [port, repoMetrics, metrics] = [await freePort(), await freePort(), await freePort()]
  const env = { ...process.env, ...(await environmentOf(home)), KUBECONFIG: kubeconfig }
  const start = (name: string, args: readonly string[]): ServerProcess =>
    startProcess(program, [...args, '--redis', `127.0.0.1:${redis.port}`], {
      env: { ...env, ARGOCD_BINARY_NAME: name },
      cwd: home,
    })
  const repository = start('argocd-repo-server', [
    ...['--address', '127.0.0.1', '--port', String(port), '--disable-tls', '--client-ca-path', ''],
    ...['--metrics-address', '127.0.0.1', '--metrics-port', String(repoMetrics)],
  ])
  await untilReady('argocd-repo-server', repository, () => answers(repoMetrics))
  const controller = start('argocd-application-controller', [
    ...['--kubeconfig', kubeconfig, '--namespace', ARGOCD_NAMESPACE, '--metrics-port', String(metrics)],
    ...['--repo-server', `127.0.0.1:${port}`, '--repo-server-plaintext'],
  ])
  await untilReady('argocd-application-controller', controller, () => answers(metrics))
  return {
    log: () => [repository, controller].map((each) => each.output().slice(-10_000)).join('\n'),
    async stop() {
      await Promise.all([controller.stop(), repository.stop()])
      await redis.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

const answers = async (port: number) => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok

/** It keeps its files below the system's temporary folder, and calls scripts of its own when it reads from Git. */
async function environmentOf(home: string): Promise<NodeJS.ProcessEnv> {
  const scripts = join(await moduleFolder(SOURCE), 'hack')
  const path = join(home, 'bin')
  await mkdir(path)
  const verifier = await readFile(join(scripts, 'git-verify-wrapper.sh'))
  await writeFile(join(path, 'git-verify-wrapper.sh'), verifier, { mode: 0o755 })
  return {
    PATH: `${path}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    TMPDIR: home,
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_GPG_ENABLED: 'false',
  }
}

if (import.meta.main) console.log(join(await builtModule(NAME, MODULE), 'argocd'))
