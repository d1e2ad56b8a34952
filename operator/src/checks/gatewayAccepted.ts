/** Proves that a Gateway leads to the workers: from what it says of the routes as they are now, not from their being there. */
import type { Check, Proof } from './check.ts'
import { reached } from '../components/gateway/reached.ts'
import { verdictOf } from '../components/gateway/verdict.ts'
import { lastProof } from './lastProof.ts'

export const gatewayAccepted: Check = {
  name: 'gateway',

  prove(snapshot): Proof {
    const seen = reached(snapshot)
    if (!seen) return { state: 'NotConfigured', message: 'spec.gateway is not set' }
    const { status, message, lookAgainMs } = verdictOf(seen)
    const lookAgain = lookAgainMs === undefined ? {} : { lookAgainMs }
    if (status === 'True') return { state: 'Proven', message, ...lookAgain }
    const isServing = seen.answers.every(({ answer }) => ['accepted', 'outdated'].includes(answer.state))
    // A Gateway goes on with what it knew before until it has come to the change, which it has to do in time.
    if (isServing && seen.settlingMs !== undefined)
      return { ...(lastProof(snapshot.sender, 'gateway') ?? { state: 'Unknown', message }), ...lookAgain }
    return { state: 'Failing', message }
  },
}
