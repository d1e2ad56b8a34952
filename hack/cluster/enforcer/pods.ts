/** Pods, policies and namespaces as the enforcer needs them, from what the API server sends. Pure. */
import type { KubernetesObject } from '../../../operator/src/runtime/object.ts'
import type { Manifest, NetworkPolicyManifest } from '../../../operator/src/components/parts/manifests.ts'
import type { Protocol, World } from '../../../operator/src/testing/networkPolicies.ts'
import type { V1Pod } from '@kubernetes/client-node'
import type { Pod } from './render.ts'

export function podsOf(objects: Iterable<KubernetesObject>): Pod[] {
  return [...objects].flatMap((object): Pod[] => {
    const pod = object as Manifest<V1Pod>
    const address = addressOf(pod)
    if (address === undefined) return []
    const { name, namespace = '', labels = {} } = pod.metadata
    return [{ key: `${namespace}/${name}`, address, pod: { namespace, labels, ports: portsOf(pod) } }]
  })
}

/** A pod that has ended has given its address back; one on the node's network is beyond policies. */
function addressOf({ spec, status }: Manifest<V1Pod>): string | undefined {
  const over = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  return over || spec?.hostNetwork === true ? undefined : status?.podIP
}

function portsOf({ spec }: Manifest<V1Pod>): NonNullable<Pod['pod']['ports']> {
  const all = (spec?.containers ?? []).flatMap(({ ports }) => ports ?? [])
  return Object.fromEntries(
    all.flatMap(({ name, containerPort, protocol }) =>
      name === undefined ? [] : [[name, { port: containerPort, protocol: (protocol ?? 'TCP') as Protocol }]],
    ),
  )
}

export function worldOf(policies: Iterable<KubernetesObject>, namespaces: Iterable<KubernetesObject>): World {
  return {
    policies: [...policies] as NetworkPolicyManifest[],
    namespaces: Object.fromEntries(
      [...namespaces].map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
    ),
  }
}
