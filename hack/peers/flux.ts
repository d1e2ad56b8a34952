/**
 * Flux's source-controller and kustomize-controller (Apache-2.0), who apply what a Git repository has and wait for it.
 * `node flux.ts` builds them, which takes minutes; tests use them where they were built.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import { builtModule, cachedModule } from '../cluster/binaries.ts'
import { definitionsIn } from '../servers/moduleDefinitions.ts'
import { freePort } from '../servers/ports.ts'
import { startProcess, untilReady, type ServerProcess } from '../servers/process.ts'

const NAME = 'flux'
const MODULE = {
  folder: NAME,
  binaries: {
    'source-controller': 'github.com/fluxcd/source-controller',
    'kustomize-controller': 'github.com/fluxcd/kustomize-controller',
  },
}
const DEFINITIONS = [
  {
    module: 'github.com/fluxcd/source-controller@v1.9.6',
    sum: 'h1:nG534/bI6nVpyHra7ONAk6xDB3xPsVT+EOLHZHXPrrc=',
    path: 'config/crd/bases',
  },
  {
    module: 'github.com/fluxcd/kustomize-controller@v1.9.6',
    sum: 'h1:XB+G3A0mky0j5uVHZWv4oSlS2RvZBoNIUhstIvY0JKE=',
    path: 'config/crd/bases',
  },
]

/** Where Flux lives; it has to be there before {@link startFlux}. */
export const FLUX_NAMESPACE = 'flux-system'

/** @returns the folder with both, where they were built. */
export const flux = (): Promise<string | undefined> => cachedModule(NAME, MODULE)

export async function fluxDefinitions(): Promise<readonly KubernetesObject[]> {
  return (await Promise.all(DEFINITIONS.map(definitionsIn))).flat()
}

export interface Flux {
  log(): string
  stop(): Promise<void>
}

/**
 * Both, as whom the kubeconfig says; it needs the definitions and the namespace.
 *
 * @param folder of {@link flux}
 */
export async function startFlux(folder: string, kubeconfig: string): Promise<Flux> {
  const storage = await mkdtemp(join(tmpdir(), 'batchsender-flux-'))
  const files = `127.0.0.1:${await freePort()}`
  const started = await Promise.all([
    start(folder, 'source-controller', kubeconfig, [
      `--storage-path=${storage}`,
      `--storage-addr=${files}`,
      `--storage-adv-addr=${files}`,
    ]),
    // As it comes, it looks at no new commit before it has waited for the last one, for as long as its timeout is.
    start(folder, 'kustomize-controller', kubeconfig, [
      '--feature-gates=CancelHealthCheckOnNewRevision=true',
      '--requeue-dependency=1s',
    ]),
  ])
  return {
    log: () => started.map((each) => each.output().slice(-10_000)).join('\n'),
    async stop() {
      await Promise.all(started.map((each) => each.stop()))
      await rm(storage, { recursive: true, force: true })
    },
  }
}

async function start(
  folder: string,
  program: string,
  kubeconfig: string,
  args: readonly string[],
): Promise<ServerProcess> {
  const health = `127.0.0.1:${await freePort()}`
  const server = startProcess(
    join(folder, program),
    [...args, `--health-addr=${health}`, `--metrics-addr=127.0.0.1:${await freePort()}`],
    { env: { ...process.env, RUNTIME_NAMESPACE: FLUX_NAMESPACE, KUBECONFIG: kubeconfig } },
  )
  await untilReady(program, server, async () => (await fetch(`http://${health}/readyz`)).ok)
  return server
}

if (import.meta.main) console.log(await builtModule(NAME, MODULE))
