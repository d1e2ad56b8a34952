/** Proves that the cluster enforces NetworkPolicies: without a network plugin that does, they have no effect at all. */
import type { Check } from './check.ts'
import { policiesEnabled } from '../components/networkPolicy/networkPolicy.ts'

export const networkEnforced: Check = {
  name: 'network-enforced',

  prove({ sender }) {
    if (!policiesEnabled(sender))
      return { state: 'NotConfigured', message: 'spec.network.policies is Disabled: any traffic passes' }
    return {
      state: 'Unknown',
      message: 'NetworkPolicies are in place, but nothing has probed whether the cluster enforces them',
    }
  },
}
