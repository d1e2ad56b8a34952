/**
 * Proves that the cluster enforces NetworkPolicies: without a network plugin that does, they have no effect at all. The
 * operator knocks all the time; pods in the name of each role try their connections once a day and after each change.
 */
import type { Check, Proof } from './check.ts'
import type { Snapshot } from '../components/snapshot.ts'
import type { ProbedPorts } from '../components/networkPolicy/seen.ts'
import { policiesEnabled } from '../components/networkPolicy/enabled.ts'
import { PROBE_PART } from '../components/networkPolicy/probeJobs.ts'
import { probeMemory, roundLookMs } from '../components/networkPolicy/probeRound.ts'
import { untried } from '../components/networkPolicy/probeSubject.ts'
import { policyProbes } from '../components/networkPolicy/probes.ts'
import { isStale } from '../components/parts/evidence.ts'
import { firstSentence } from '../vocabulary/sentence.ts'
import { lastProof } from './lastProof.ts'

/** A day between rounds, and time for one that has to be repeated. */
const ROUND_LIFE_MS = 93_600_000
/** How long a round of before a change stands while the next one comes. */
const CHANGE_LIFE_MS = 300_000

export const networkEnforced: Check = {
  name: 'network-enforced',

  prove(snapshot) {
    if (!policiesEnabled(snapshot.sender))
      return { state: 'NotConfigured', message: 'spec.network.policies is Disabled: any traffic passes' }
    const lookAgainMs = roundLookMs(snapshot)
    return { ...proofOf(snapshot), ...(lookAgainMs !== undefined && { lookAgainMs }) }
  },
}

/** What was said last has the words of both: it stands as it is until the operator has knocked itself. */
function proofOf(snapshot: Snapshot): Proof {
  const remembered = isUnseen(snapshot) ? lastProof(snapshot.sender, 'network-enforced') : undefined
  const proof = both(remembered ?? knocked(snapshot), tried(snapshot))
  return remembered && proof.state === 'Proven' ? remembered : proof
}

const isUnseen = ({ sender, installation, evidence }: Snapshot): boolean =>
  policyProbes(sender, installation).length > 0 && evidence.policyProbe === undefined

/** What fails is told before what is not known. @param own nothing where the operator has nowhere to knock */
function both(own: Proof | undefined, pods: Proof): Proof {
  const all = own ? [own, pods] : [pods]
  const worst = all.find(({ state }) => state === 'Failing') ?? all.find(({ state }) => state !== 'Proven')
  return worst ?? { state: 'Proven', message: all.map(({ message }) => message).join('; ') }
}

/** What the operator itself has seen lately. */
function knocked(snapshot: Snapshot): Proof | undefined {
  const { sender, installation, evidence } = snapshot
  if (policyProbes(sender, installation).length === 0) return undefined
  const sighting = evidence.policyProbe
  if (!sighting) return { state: 'Unknown', message: 'nothing was probed yet' }
  if (isStale(sighting, snapshot)) return { state: 'Unknown', message: 'nothing was probed lately' }
  return judged(sighting.seen.ports)
}

/** What the last round of pods says, for as long as it is about the present. */
function tried(snapshot: Snapshot): Proof {
  const { now } = snapshot
  const { last, round, changedAt } = probeMemory(snapshot)
  const ageOf = (instant: string) => now.getTime() - Date.parse(instant)
  if (!last) return { state: 'Unknown', message: `${round ? UNDER_WAY : NONE_YET}${trouble(snapshot)}` }
  if (last.state !== 'Proven') return { state: last.state, message: `${last.message} (tried at ${last.at})` }
  if (ageOf(last.at) > ROUND_LIFE_MS || ageOf(last.at) < 0)
    return {
      state: 'Unknown',
      message: `no probe pods have tried connections since ${last.at}${trouble(snapshot)}`,
    }
  if (changedAt !== undefined && ageOf(changedAt) > CHANGE_LIFE_MS)
    return {
      state: 'Unknown',
      message: `no probe pods have tried connections since policies changed at ${changedAt}${trouble(snapshot)}`,
    }
  const hidden = untried(snapshot)
  if (hidden.length > 0)
    return {
      state: 'Unknown',
      message: `NetworkPolicies of others select pods by labels that no probe pod can have (${hidden.join(', ')}): what they open cannot be tried`,
    }
  return { state: 'Proven', message: `at ${last.at} ${last.message}` }
}

const UNDER_WAY = 'probe pods are trying connections'
const NONE_YET = 'no probe pods have tried connections yet'

function trouble({ troubles }: Snapshot): string {
  const found = troubles.find(({ component }) => component === PROBE_PART)
  return found ? `: ${firstSentence(found.text)}` : ''
}

function judged(ports: readonly ProbedPorts[]): Proof {
  const open = ports.filter(({ forbidden }) => forbidden === true)
  if (open.length > 0)
    return {
      state: 'Failing',
      message: `${listed(open, ({ name, forbiddenPort = 0 }) => `${name} answers the operator on port ${forbiddenPort}`)}, which none of our NetworkPolicies allows: the cluster does not enforce them, or another policy lets it in`,
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
        `${name} answers the operator on port ${allowedPort}${forbiddenPort === undefined ? '' : ` and not on ${forbiddenPort}`}`,
    ),
  }
}

const listed = (ports: readonly ProbedPorts[], tell: (port: ProbedPorts) => string): string =>
  ports.map(tell).join(', ')
