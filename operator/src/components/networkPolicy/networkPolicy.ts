/** What may reach the pods of a BatchSender and what they may reach: NetworkPolicies for these pods and no others. */
import type { Verdict } from '../component.ts'
import type { Desired } from '../desired.ts'
import type { Snapshot } from '../snapshot.ts'
import { component } from '../component.ts'
import { COMPONENT } from '../../vocabulary/labels.ts'
import { Job, NetworkPolicy } from '../../vocabulary/kinds.ts'
import { gatewayPeers } from '../parts/gatewaySources.ts'
import { policiesEnabled } from './enabled.ts'
import { PART, policies } from './policies.ts'
import { probeSteps } from './probeRound.ts'

interface Observed {
  readonly enabled: boolean
  readonly wanted: number
  readonly missing: readonly string[]
  /** Nobody at all may call the API: worth a word, since it is easily forgotten. */
  readonly closed: boolean
}

export const networkPolicy = component<'NetworkPolicyReady', Observed>({
  name: 'networkPolicy',
  conditionType: 'NetworkPolicyReady',
  owns: [NetworkPolicy, Job],
  prunes: [NetworkPolicy, Job],

  desired(snapshot): readonly Desired[] {
    const objects = wanted(snapshot)
    const names = new Set(objects.map(({ metadata }) => metadata.name))
    return [
      ...objects.map((object) => ({ type: 'object', resource: NetworkPolicy, object }) as const),
      ...present(snapshot)
        .filter((name) => !names.has(name))
        .map((name) => ({ type: 'absent', resource: NetworkPolicy, name, reason: 'not wanted' }) as const),
      ...probeSteps(snapshot),
    ]
  },

  observe(snapshot) {
    const there = new Set(present(snapshot))
    const names = wanted(snapshot).map(({ metadata }) => metadata.name)
    return {
      enabled: policiesEnabled(snapshot.sender),
      wanted: names.length,
      missing: names.filter((name) => !there.has(name)).sort(),
      closed:
        snapshot.sender.spec.network?.clients?.length === 0 && gatewayPeers(snapshot.sender).length === 0,
    }
  },

  condition({ enabled, wanted: count, missing, closed }): Verdict<'NetworkPolicyReady'> {
    if (!enabled)
      return {
        status: 'True',
        reason: 'Disabled',
        message: 'spec.network.policies is Disabled: the operator restricts no traffic',
      }
    if (missing.length > 0)
      return { status: 'False', reason: 'Applying', message: `not there yet: ${missing.join(', ')}` }
    const clients = closed ? '; spec.network.clients is empty, so nobody may call the API' : ''
    return {
      status: 'True',
      reason: 'Applied',
      message: `${count} NetworkPolicies are in place${clients}`,
    }
  },
})

function wanted(snapshot: Snapshot) {
  return policiesEnabled(snapshot.sender) ? policies(snapshot) : []
}

/** Names of the policies of ours that exist. */
function present({ children }: Snapshot): readonly string[] {
  return [...children.values()]
    .filter(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.labels?.[COMPONENT] === PART)
    .map(({ metadata }) => metadata.name)
}
