/** Where the operator can tell whether policies are enforced: a port that answers it, beside one that must not. */
import type { Installation, Sender } from '../snapshot.ts'
import { childName } from '../parts/labels.ts'
import { CLIENT_PORT, MONITOR_PORT, nodeAddresses } from '../parts/natsTopology.ts'
import { INTERNAL_PORT } from '../worker/environment.ts'
import { policiesEnabled } from './networkPolicy.ts'

/** Both ports listen, so silence on one of them is the work of a policy and not of a pod that is down. */
export interface PolicyProbe {
  readonly name: string
  readonly host: string
  readonly allowedPort: number
  readonly forbiddenPort: number
}

/** The port of the workers' Service in front of their API. */
const API_PORT = 80

/** None where whoever may call the API cannot be told from the operator, and there is no NATS of ours. */
export function policyProbes(sender: Sender, installation: Installation): readonly PolicyProbe[] {
  if (!policiesEnabled(sender)) return []
  if (sender.spec.nats.managed)
    return nodeAddresses(sender, installation).map(({ node, host }) => ({
      name: node,
      host,
      allowedPort: CLIENT_PORT,
      forbiddenPort: MONITOR_PORT,
    }))
  return mayCallApi(sender, installation) ? [] : [workerProbe(sender, installation)]
}

function workerProbe(sender: Sender, { clusterDomain }: Installation): PolicyProbe {
  const name = childName(sender, 'worker')
  return {
    name,
    host: `${name}.${sender.namespace}.svc.${clusterDomain}`,
    allowedPort: INTERNAL_PORT,
    forbiddenPort: API_PORT,
  }
}

/** Unset, `clients` are the pods of the namespace; what is named may be anybody. */
function mayCallApi({ namespace, spec }: Sender, { operatorNamespace }: Installation): boolean {
  const clients = spec.network?.clients
  return clients === undefined ? namespace === operatorNamespace : clients.length > 0
}
