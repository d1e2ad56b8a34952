/** Whether mail gets through, as the workers see it. Nothing is made for it, and `Ready` does not wait for it. */
import type { Verdict } from '../component.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { WorkerSeen } from '../worker/seen.ts'
import type { MailFault } from './faults.ts'
import { declares } from '../../../../crds/schema/conditions.ts'
import { component } from '../component.ts'
import { isStale } from '../parts/evidence.ts'
import { refusedProvider } from '../worker/refusedProviders.ts'
import { scaleOf } from '../worker/scaling.ts'
import { faultOf } from './faults.ts'

type MailVerdict = Verdict<'MailFlowing'>

interface Observed {
  /** How many workers there should be. */
  readonly wanted: number
  readonly seen: WorkerSeen | undefined
  readonly stale: boolean
  readonly fault?: MailFault
  /** What was said before, of this spec. */
  readonly last?: MailVerdict
}

export const mailFlowing = component<'MailFlowing', Observed>({
  name: 'mail',
  conditionType: 'MailFlowing',
  owns: [],
  prunes: [],

  desired: () => [],

  observe(snapshot) {
    const sighting = snapshot.evidence.workerEvidence
    const seen = sighting?.seen
    const last = lastVerdict(snapshot.sender)
    const fault = seen?.reached === true ? faultIn(snapshot, seen, last) : undefined
    return {
      wanted: scaleOf(snapshot).wanted,
      seen,
      stale: sighting !== undefined && isStale(sighting, snapshot),
      ...(fault && { fault }),
      ...(last && { last }),
    }
  },

  condition({ wanted, seen, stale, fault, last }): MailVerdict {
    if (wanted === 0) return unknown('ScaledToZero', 'no worker is wanted: nothing is sent')
    if (!seen) return last ?? unknown('NotObserved', 'no worker was asked yet')
    if (stale) return unknown('NotObserved', 'no worker was asked lately')
    if (!seen.reached) return unknown('WorkersUnreachable', 'no worker tells the operator how mail flows')
    if (fault) return { status: 'False', ...fault }
    // One of the version before.
    if (!seen.mail) return last ?? unknown('NotObserved', 'the workers do not tell how mail flows')
    return { status: 'True', reason: 'Flowing', message: 'mail gets through to the provider' }
  },
})

const unknown = (reason: MailVerdict['reason'], message: string): MailVerdict => ({
  status: 'Unknown',
  reason,
  message,
})

function faultIn(
  snapshot: Snapshot,
  seen: Extract<WorkerSeen, { readonly reached: true }>,
  last: MailVerdict | undefined,
): MailFault | undefined {
  const refused = seen.providerRefuses === true ? refusedProvider(snapshot) : undefined
  if (refused !== undefined) return { reason: 'ProviderRefuses', message: refused }
  return seen.mail && faultOf(seen.mail, snapshot.sender, last?.reason)
}

function lastVerdict({ status, generation }: Sender): MailVerdict | undefined {
  const last = status.conditions?.find(({ type }) => type === 'MailFlowing')
  if (last?.observedGeneration !== generation || !declares('MailFlowing', last.reason)) return undefined
  const { status: value, reason, message } = last
  return { status: value, reason: reason as MailVerdict['reason'], message }
}
