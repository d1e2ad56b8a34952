/** The Gateway that a BatchSender asks for, with what the spec leaves out. Pure. */
import type { GatewayProvider, GatewaySpec } from '../../../../crds/schema/gateway.ts'
import type { Sender } from '../snapshot.ts'

export const GATEWAY_GROUP = 'gateway.networking.k8s.io'

export interface Parent {
  readonly group: typeof GATEWAY_GROUP
  readonly kind: 'Gateway'
  readonly namespace: string
  readonly name: string
  /** The listener. */
  readonly sectionName?: string
}

export function parentOf({ parentRef: { name, namespace, sectionName } }: GatewaySpec, own: Sender): Parent {
  return {
    group: GATEWAY_GROUP,
    kind: 'Gateway',
    namespace: namespace ?? own.namespace,
    name,
    ...(sectionName !== undefined && { sectionName }),
  }
}

export function toldParent({ namespace, name, sectionName }: Parent): string {
  return `Gateway ${namespace}/${name}${sectionName === undefined ? '' : ` (listener ${sectionName})`}`
}

export function providerOf({ provider = 'GatewayAPI' }: GatewaySpec): GatewayProvider {
  return provider
}
