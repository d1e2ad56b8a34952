/** Definitions of the Gateway API, of Traefik and of Envoy Gateway (Apache-2.0, MIT, Apache-2.0), from their Go modules. */
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import { definitionsIn, type DefinitionSource } from './moduleDefinitions.ts'

const GATEWAY_API: DefinitionSource = {
  module: 'sigs.k8s.io/gateway-api@v1.6.3',
  sum: 'h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=',
  path: 'config/crd/standard',
}
const TRAEFIK: DefinitionSource = {
  module: 'github.com/traefik/traefik/v3@v3.7.13',
  sum: 'h1:T8wy9KuaFzCkmXCqAzDy7t73pBDR1DHrJe3pqXpNXTw=',
  path: 'docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml',
}
const ENVOY_GATEWAY: DefinitionSource = {
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
