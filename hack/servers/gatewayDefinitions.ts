/** Definitions of the Gateway API, of Traefik and of Envoy Gateway (Apache-2.0, MIT, Apache-2.0), from their Go modules. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import { run } from '../cluster/shell.ts'

interface Source {
  readonly module: string
  readonly sum: string
  /** A file, or a folder of files. */
  readonly path: string
}

const GATEWAY_API: Source = {
  module: 'sigs.k8s.io/gateway-api@v1.6.3',
  sum: 'h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=',
  path: 'config/crd/standard',
}
const TRAEFIK: Source = {
  module: 'github.com/traefik/traefik/v3@v3.7.13',
  sum: 'h1:T8wy9KuaFzCkmXCqAzDy7t73pBDR1DHrJe3pqXpNXTw=',
  path: 'docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml',
}
const ENVOY_GATEWAY: Source = {
  module: 'github.com/envoyproxy/gateway@v1.9.1',
  sum: 'h1:vAVp6/AlBXJ1aOhp1mxL7fNEzVEfjADUguUhm2wzxQY=',
  path: 'charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_backendtrafficpolicies.yaml',
}

export async function gatewayApiDefinitions(): Promise<readonly KubernetesObject[]> {
  return definitionsIn(GATEWAY_API)
}

export async function traefikDefinitions(): Promise<readonly KubernetesObject[]> {
  return definitionsIn(TRAEFIK)
}

/** Of every kind that `spec.gateway` may lead to. */
export async function gatewayDefinitions(): Promise<readonly KubernetesObject[]> {
  const all = await Promise.all([GATEWAY_API, TRAEFIK, ENVOY_GATEWAY].map(definitionsIn))
  return all.flat()
}

async function definitionsIn({ module, sum, path }: Source): Promise<readonly KubernetesObject[]> {
  const { Dir, Sum } = JSON.parse(await run('go', ['mod', 'download', '-json', module])) as {
    readonly Dir: string
    readonly Sum: string
  }
  if (Sum !== sum) throw new Error(`${module} is not what it was: ${Sum}`)
  const files = path.endsWith('l') ? [path] : await filesIn(Dir, path)
  const texts = await Promise.all(files.map((file) => readFile(join(Dir, file), 'utf8')))
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject))
    .filter(({ kind }) => kind === 'CustomResourceDefinition')
}

async function filesIn(root: string, folder: string): Promise<string[]> {
  return (await readdir(join(root, folder))).sort().map((file) => join(folder, file))
}
