/** Where the operator can tell whether policies are enforced: a port that answers it, beside one that must not. */
import type { Installation, Sender } from '../snapshot.ts'
import type { Peer } from '../../../../crds/schema/network.ts'
import { childName } from '../parts/labels.ts'
import { CLIENT_PORT, MONITOR_PORT, nodeAddresses } from '../parts/natsTopology.ts'
import { gatewayPeers } from '../parts/gatewaySources.ts'
import { INTERNAL_PORT } from '../parts/ports.ts'
import { policiesEnabled } from './enabled.ts'
import { isPeer } from './selectors.ts'

/** Both ports listen, so silence on one of them is the work of a policy and not of a pod that is down. */
export interface PolicyProbe {
  readonly name: string
  readonly host: string
  readonly allowedPort: number
  /** Absent where the spec may open it to the operator, too. */
  readonly forbiddenPort?: number
}

/** The port of the workers' Service in front of their API. */
const API_PORT = 80

/** Every node of NATS, and the workers by their Service. */
export function policyProbes(sender: Sender, installation: Installation): readonly PolicyProbe[] {
  if (!policiesEnabled(sender)) return []
  const nodes = nodeAddresses(sender, installation).map(({ node, host }) => ({
    name: node,
    host,
    allowedPort: CLIENT_PORT,
    forbiddenPort: MONITOR_PORT,
  }))
  // Without a worker nobody answers at all.
  return sender.spec.worker.replicas === 0 ? nodes : [...nodes, workerProbe(sender, installation)]
}

function workerProbe(sender: Sender, installation: Installation): PolicyProbe {
  const name = childName(sender, 'worker')
  return {
    name,
    host: `${name}.${sender.namespace}.svc.${installation.clusterDomain}`,
    allowedPort: INTERNAL_PORT,
    ...(!mayCallApi(sender, installation) && { forbiddenPort: API_PORT }),
  }
}

/** Unset, `clients` are the pods of the namespace. */
function mayCallApi(sender: Sender, installation: Installation): boolean {
  const clients = sender.spec.network?.clients ?? [{ podSelector: {} }]
  const callers = [...clients, ...gatewayPeers(sender)]
  return callers.some((peer) => mayBeOperator(peer, sender.namespace, installation))
}

/** Its pod may have more labels than those that we gave it, so that only the namespace tells for certain. */
function mayBeOperator(
  { ipBlock, namespaceSelector }: Peer,
  from: string,
  { operatorNamespace }: Installation,
): boolean {
  const namespaces = { ...(ipBlock && { ipBlock }), ...(namespaceSelector && { namespaceSelector }) }
  return isPeer(namespaces, { namespace: operatorNamespace, labels: {} }, from) !== 'no'
}
