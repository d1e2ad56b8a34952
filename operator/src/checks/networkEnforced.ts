/** Proves that the cluster enforces NetworkPolicies: without a network plugin that does, they have no effect at all. */
import type { Check, Proof } from './check.ts'
import type { ProbedPorts } from '../components/snapshot.ts'
import { policiesEnabled } from '../components/networkPolicy/networkPolicy.ts'
import { policyProbes } from '../components/networkPolicy/probes.ts'
import { isStale } from '../components/parts/evidence.ts'
import { lastProof } from './lastProof.ts'

export const networkEnforced: Check = {
  name: 'network-enforced',

  prove(snapshot) {
    const { sender, installation, evidence } = snapshot
    if (!policiesEnabled(sender))
      return { state: 'NotConfigured', message: 'spec.network.policies is Disabled: any traffic passes' }
    if (policyProbes(sender, installation).length === 0)
      return {
        state: 'Unknown',
        message:
          'nothing to probe: NATS is external, and spec.network.clients may let the operator call the API',
      }
    const sighting = evidence.policyProbe
    if (!sighting)
      return lastProof(sender, 'network-enforced') ?? { state: 'Unknown', message: 'nothing was probed yet' }
    if (isStale(sighting, snapshot)) return { state: 'Unknown', message: 'nothing was probed lately' }
    return judged(sighting.seen.ports)
  },
}

function judged(ports: readonly ProbedPorts[]): Proof {
  const open = ports.filter(({ forbidden }) => forbidden)
  if (open.length > 0)
    return {
      state: 'Failing',
      message: `${listed(open, ({ name, forbiddenPort }) => `${name} answers the operator on port ${forbiddenPort}`)}, which none of our NetworkPolicies allows: the cluster does not enforce them, or another policy lets it in`,
    }
  const silent = ports.filter(({ allowed }) => !allowed)
  if (silent.length > 0)
    return {
      state: 'Unknown',
      message: `${listed(silent, ({ name, allowedPort }) => `${name} does not answer on port ${allowedPort} either`)}, so its silence proves nothing`,
    }
  return {
    state: 'Proven',
    message: listed(
      ports,
      ({ name, allowedPort, forbiddenPort }) =>
        `${name} answers the operator on port ${allowedPort} and not on ${forbiddenPort}`,
    ),
  }
}

const listed = (ports: readonly ProbedPorts[], tell: (port: ProbedPorts) => string): string =>
  ports.map(tell).join(', ')
