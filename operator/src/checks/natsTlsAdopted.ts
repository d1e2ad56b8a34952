/**
 * Proves that every NATS node serves the certificate that was issued, runs the configuration that it should, and lets
 * nobody in without a certificate.
 */
import type { Check, Proof } from './check.ts'
import type { CertificateFacts, Snapshot } from '../components/snapshot.ts'
import { isStale } from '../components/parts/evidence.ts'
import { natsNodes, natsSecrets } from '../components/parts/natsTopology.ts'
import { issuerEnding } from '../components/parts/endings.ts'
import { configurationOf, handshakeOf, strayNodes, type StrayNode } from '../components/nats/astray.ts'
import { ADOPTION_MS } from '../components/nats/restart.ts'
import { isRolling, natsIsUpToDate } from '../components/nats/template.ts'
import { BACKDATED_MS } from '../vocabulary/backdating.ts'
import { lastProof } from './lastProof.ts'

/** How soon nodes that stray are told to reload again: often at first, since files take their time to reach a pod. */
const LOOK_AGAIN_MS = 5_000
const LATER_MS = 60_000

export const natsTlsAdopted: Check = {
  name: 'nats-tls-adopted',

  prove(snapshot): Proof {
    const { sender, secrets, evidence } = snapshot
    if (natsNodes(sender).length === 0)
      return {
        state: 'NotConfigured',
        message: 'NATS is external: its certificates are not the operator’s to prove',
      }
    const issued = secrets.get(natsSecrets(sender).server)?.certificate
    const { natsHandshake: sighting } = evidence
    if (!issued) return { state: 'Unknown', message: 'no certificate is issued yet' }
    if (!sighting) return asBefore(snapshot, 'no handshake has been made yet')
    if (isStale(sighting, snapshot)) return { state: 'Unknown', message: 'no handshake has succeeded lately' }
    return (
      straying(snapshot, issued) ??
      configurationUnknown(snapshot) ?? { state: 'Proven', message: provenMessage(snapshot) }
    )
  },
}

/** The worst first: who is let in, what is shown, who does not answer, what only has to be read again. */
function straying(snapshot: Snapshot, issued: CertificateFacts): Proof | undefined {
  const stray = strayNodes(snapshot)
  const of = (...kinds: readonly StrayNode['kind'][]) =>
    stray.filter(({ kind }) => kinds.includes(kind)).map(({ name, fault }) => `${name} ${fault}`)
  const wrong = of('open', 'identity')
  if (wrong.length > 0) return failing(snapshot, wrong)
  const silent = silentNodes(snapshot)
  if (silent.length > 0)
    return isRolling(snapshot) ? { state: 'Unknown', message: silent.join('; ') } : failing(snapshot, silent)
  const running = of('configuration')
  // Whoever was started before a change is not wrong for it.
  if (running.length > 0)
    return natsIsUpToDate(snapshot) || strayTooLong(snapshot, stray)
      ? failing(snapshot, running)
      : adopting(snapshot, running)
  const older = of('renewal')
  if (older.length === 0) return undefined
  const sinceIssuedMs = snapshot.now.getTime() - issued.notBefore.getTime() - BACKDATED_MS
  return sinceIssuedMs > ADOPTION_MS ? failing(snapshot, older) : adopting(snapshot, older)
}

/** A change that is rolled out comes to all nodes one day, or does not any more. */
const ROLLED_OUT_MS = 900_000

function strayTooLong({ now }: Snapshot, stray: readonly StrayNode[]): boolean {
  return stray.some(({ since }) => since !== undefined && now.getTime() - since.getTime() > ROLLED_OUT_MS)
}

function silentNodes(snapshot: Snapshot): readonly string[] {
  return natsNodes(snapshot.sender).flatMap((name) => {
    const seen = handshakeOf(snapshot, name)
    return seen?.servedSerial === undefined ? [`${name} ${seen?.fault ?? 'did not answer'}`] : []
  })
}

/** Who does not say what it runs is not known to run what it should. */
function configurationUnknown(snapshot: Snapshot): Proof | undefined {
  const { sender, evidence } = snapshot
  if (evidence.natsConfiguration && isStale(evidence.natsConfiguration, snapshot))
    return { state: 'Unknown', message: 'no node has told its configuration lately' }
  const nodes = natsNodes(sender).map((name) => ({ name, seen: configurationOf(snapshot, name) }))
  const silent = nodes.flatMap(({ name, seen }) =>
    seen?.fault === undefined ? [] : [`${name} ${seen.fault}`],
  )
  if (silent.length > 0) return { state: 'Unknown', message: silent.join('; ') }
  const isKnown = nodes.every(({ seen }) => seen !== undefined)
  return isKnown ? undefined : asBefore(snapshot, 'no node has told its configuration yet')
}

function failing(snapshot: Snapshot, faults: readonly string[]): Proof {
  const isFresh = strayNodes(snapshot).some(
    ({ since }) => since !== undefined && snapshot.now.getTime() - since.getTime() < ADOPTION_MS,
  )
  return {
    state: 'Failing',
    message: faults.join('; '),
    lookAgainMs: isFresh ? LOOK_AGAIN_MS : LATER_MS,
  }
}

/** A routine renewal is no reason to take a proof back before the nodes had time to follow. */
function adopting({ sender }: Snapshot, faults: readonly string[]): Proof {
  const last = lastProof(sender, 'nats-tls-adopted')
  const proof: Proof = last?.state === 'Proven' ? last : { state: 'Unknown', message: faults.join('; ') }
  return { ...proof, lookAgainMs: LOOK_AGAIN_MS }
}

function asBefore({ sender }: Snapshot, message: string): Proof {
  return lastProof(sender, 'nats-tls-adopted') ?? { state: 'Unknown', message }
}

function provenMessage(snapshot: Snapshot): string {
  const nodes = natsNodes(snapshot.sender).length
  const who = nodes === 1 ? 'the node serves' : `all ${nodes} nodes serve`
  const [run, refuse] = nodes === 1 ? ['runs', 'refuses'] : ['run', 'refuse']
  const ending = issuerEnding(snapshot)
  return `${who} the issued certificate, ${run} the wished configuration and ${refuse} plain-text and certificate-less clients${ending === undefined ? '' : `; ${ending}`}`
}
