/** NATS nodes that answer, and show or run something else than they should. Pure. */
import type { CertificateFacts, Snapshot } from '../snapshot.ts'
import type { NodeConfiguration, NodeHandshake } from './seen.ts'
import { natsNodes, natsSecrets } from '../parts/natsTopology.ts'
import { statefulSetName } from './configuration.ts'
import { wishedConfiguration } from './template.ts'

export interface StrayNode {
  readonly name: string
  /** The end of a sentence about the node. */
  readonly fault: string
  /** `renewal`: the only fault is a certificate that was issued before, which passes. */
  readonly kind: 'open' | 'identity' | 'renewal' | 'configuration'
  /** Since when the observer has seen it so. */
  readonly since?: Date
}

/** The worst of each node that answers; none of those about which nothing is known. */
export function strayNodes(snapshot: Snapshot): readonly StrayNode[] {
  const { sender, secrets } = snapshot
  const issued = secrets.get(natsSecrets(sender).server)?.certificate
  if (!issued) return []
  return natsNodes(sender).flatMap((name): readonly StrayNode[] => {
    const shown = handshakeOf(snapshot, name)
    const fault = shown && faultShown(shown, issued)
    if (fault) return [{ name, ...fault, fault: `${fault.fault}${placeOf(shown)}` }]
    const running = runsAnother(snapshot, name)
    return running ? [{ name, ...running }] : []
  })
}

export function handshakeOf({ evidence }: Snapshot, name: string): NodeHandshake | undefined {
  return evidence.natsHandshake?.seen.nodes.find((node) => node.name === name)
}

/** `undefined` when nobody looked, or looked for another configuration. */
export function configurationOf(snapshot: Snapshot, name: string): NodeConfiguration | undefined {
  const { evidence, sender, installation } = snapshot
  const seen = evidence.natsConfiguration?.seen
  if (seen?.wished !== wishedConfiguration(sender, installation)) return undefined
  return seen.nodes.find((node) => node.name === name)
}

type Fault = Omit<StrayNode, 'name'>

function faultShown(shown: NodeHandshake, issued: CertificateFacts): Fault | undefined {
  const since = shown.astraySince && { since: shown.astraySince }
  if (shown.refusesPlain === false) return { kind: 'open', fault: 'accepts plain-text clients', ...since }
  if (shown.refusesAnonymous === false)
    return { kind: 'open', fault: 'accepts clients without a certificate', ...since }
  if (shown.servedSerial === undefined) return undefined
  const fault = identityFault(shown, issued)
  if (fault !== undefined) return { kind: 'identity', fault, ...since }
  const isIssued = shown.servedSerial === issued.serial && shown.servedKeyHash === issued.keyHash
  return isIssued ? undefined : { kind: 'renewal', fault: 'serves an older certificate', ...since }
}

/** A pod of somebody else's may have the name, too. */
const placeOf = ({ shownAt }: NodeHandshake): string =>
  shownAt === undefined ? '' : ` at ${shownAt}, one of several addresses of its name`

const DISTRUST = {
  untrusted: 'is not signed by a CA that clients trust',
  expired: 'has expired, or its CA has',
  notYetValid: 'is not valid yet',
} as const

/** What a certificate of ours, however old, would never show. */
function identityFault(shown: NodeHandshake, issued: CertificateFacts): string | undefined {
  const isForged = shown.servedSerial === issued.serial && shown.servedKeyHash !== issued.keyHash
  const faults = [
    ...(shown.distrust ? [DISTRUST[shown.distrust]] : []),
    ...(shown.isMisnamed === true ? ['is not for its name'] : []),
    ...(isForged ? ['has the serial that was issued and another key'] : []),
  ]
  return faults.length === 0 ? undefined : `serves a certificate that ${faults.join(' and ')}`
}

function runsAnother(snapshot: Snapshot, name: string): Fault | undefined {
  const seen = configurationOf(snapshot, name)
  const since = seen?.astraySince && { since: seen.astraySince }
  if (seen?.isWished === false)
    return {
      kind: 'configuration',
      fault: `runs another configuration than ConfigMap ${statefulSetName(snapshot.sender)} holds`,
      ...since,
    }
  return seen?.turnsAway === true
    ? { kind: 'configuration', fault: 'does not let the system account in', ...since }
    : undefined
}
