/** The status that a gateway's controller gives what is as it should be, in the form of the Gateway API. */
import type { KubernetesObject } from '../runtime/object.ts'

export interface Said {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly observedGeneration?: number | undefined
}

const CONTROLLER = 'example.com/gateway-controller'

/** `undefined` for other kinds. @param more conditions in the place of those of the same type, and beside the others */
export function gatewayStatus(
  object: KubernetesObject,
  more: readonly Said[] = [],
  controllerName = CONTROLLER,
): { parents: object[] } | { ancestors: object[] } | undefined {
  const { generation } = object.metadata
  const said = (types: readonly string[]) => [
    ...types
      .filter((type) => !more.some((one) => one.type === type))
      .map((type): Said => ({ type, status: 'True', reason: type, observedGeneration: generation })),
    ...more,
  ]
  const conditions = (types: readonly string[]) =>
    said(types).map((one) => ({ message: '', lastTransitionTime: '2026-11-23T12:00:00Z', ...one }))
  const spec = object['spec'] as { parentRefs?: object[]; targetRefs?: { name: string }[] } | undefined
  if (object.kind === 'HTTPRoute')
    return {
      parents: (spec?.parentRefs ?? []).map((parentRef) => ({
        parentRef,
        controllerName,
        conditions: conditions(['Accepted', 'ResolvedRefs']),
      })),
    }
  if (object.kind !== 'BackendTrafficPolicy') return undefined
  const ancestorRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' }
  return { ancestors: [{ ancestorRef, controllerName, conditions: conditions(['Accepted']) }] }
}
