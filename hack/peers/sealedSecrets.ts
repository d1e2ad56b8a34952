/**
 * The controller of Sealed Secrets (Apache-2.0), which makes a Secret of what was sealed for it. `node sealedSecrets.ts`
 * builds it, which takes minutes; tests use it where it was built.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import { builtModule, cachedModule } from '../cluster/binaries.ts'
import { definitionsIn } from '../servers/moduleDefinitions.ts'
import { ownAddress } from '../servers/ownAddress.ts'
import { freePort } from '../servers/ports.ts'
import { startProcess, untilReady } from '../servers/process.ts'

const NAME = 'sealedSecrets'
const MODULE = {
  folder: NAME,
  binaries: { controller: 'github.com/bitnami/sealed-secrets/cmd/controller' },
  toolchain: 'go1.27.3',
}
const DEFINITIONS = {
  module: 'github.com/bitnami-labs/sealed-secrets@v0.40.0',
  sum: 'h1:rvCP35JL8ZV5LNA2SrwNR6iLyoM3ulrSFWN0lBtYEYI=',
  path: 'helm/sealed-secrets/crds',
}
/** It looks nowhere else for who it is. */
const ACCOUNT = '/run/secrets/kubernetes.io'

/** @returns its path, where it was built. */
export async function sealedSecrets(): Promise<string | undefined> {
  const folder = await cachedModule(NAME, MODULE)
  return folder && join(folder, 'controller')
}

export const sealedSecretsDefinitions = (): Promise<readonly KubernetesObject[]> => definitionsIn(DEFINITIONS)

export interface SealedSecretsController {
  /** Where it gives its certificate, also to an API server: no loopback address. */
  readonly address: string
  readonly port: number
  /** What is sealed with, in PEM. */
  certificate(): Promise<string>
  log(): string
  stop(): Promise<void>
}

/**
 * It reads nothing but the files and variables of a pod: it has them in a mount namespace of its own. Needs unshare(1).
 *
 * @param program of {@link sealedSecrets}
 * @param pod what a pod of it would have: where the API server is and whom to believe, a token, a namespace
 */
export async function startSealedSecrets(
  program: string,
  pod: { readonly kubeconfig: string; readonly namespace: string; readonly token: string },
): Promise<SealedSecretsController> {
  const files = await mkdtemp(join(tmpdir(), 'batchsender-sealed-'))
  const { clusters } = JSON.parse(await readFile(pod.kubeconfig, 'utf8')) as {
    readonly clusters: readonly {
      readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string }
    }[]
  }
  const [{ cluster } = { cluster: { server: '', 'certificate-authority-data': '' } }] = clusters
  await writeFile(join(files, 'token'), pod.token, { mode: 0o600 })
  await writeFile(join(files, 'ca.crt'), Buffer.from(cluster['certificate-authority-data'], 'base64'))
  const { hostname, port: apiPort } = new URL(cluster.server)
  const [address, port, metrics] = [await ownAddress(), await freePort(), await freePort()]
  const script = `mount -t tmpfs tmpfs /run && mkdir -p ${ACCOUNT} && ln -s "$0" ${ACCOUNT}/serviceaccount && exec "$@"`
  const controller = startProcess(
    'unshare',
    [
      ...['--map-root-user', '--mount', '--', 'sh', '-c', script, files, program],
      ...[
        '--key-size=2048',
        `--listen-addr=${address}:${port}`,
        `--listen-metrics-addr=127.0.0.1:${metrics}`,
      ],
    ],
    {
      env: {
        PATH: process.env['PATH'],
        POD_NAMESPACE: pod.namespace,
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: apiPort,
      },
    },
  )
  const url = `http://${address}:${port}`
  await untilReady('Sealed Secrets', controller, async () => (await fetch(`${url}/healthz`)).ok)
  return {
    address,
    port,
    certificate: async () => (await fetch(`${url}/v1/cert.pem`)).text(),
    log: () => controller.output().slice(-10_000),
    async stop() {
      await controller.stop()
      await rm(files, { recursive: true, force: true })
    },
  }
}

if (import.meta.main) console.log(join(await builtModule(NAME, MODULE), 'controller'))
