/** Proves that every NATS node serves the certificate that was issued, and lets nobody in without one. */
import type { Check, Proof } from './check.ts'
import type { NodeHandshake, Snapshot } from '../components/snapshot.ts'
import { isStale } from '../components/parts/evidence.ts'
import { natsNodes, natsSecrets } from '../components/parts/natsTopology.ts'
import { lastProof } from './lastProof.ts'

/** A renewed certificate takes this long at most to reach the files of a pod and be read again. */
const ADOPTION_MS = 180_000

/** Certificates begin five minutes before they are made, for clocks that are late. */
const BACKDATED_MS = 300_000

/** How soon to ask again while nodes show another certificate. */
const LOOK_AGAIN_MS = 5_000

export const natsTlsAdopted: Check = {
  name: 'nats-tls-adopted',

  prove(snapshot): Proof {
    const { sender, secrets, evidence, now } = snapshot
    const wanted = natsNodes(sender)
    if (wanted.length === 0)
      return {
        state: 'NotConfigured',
        message: 'NATS is external: its certificates are not the operator’s to prove',
      }
    const issued = secrets.get(natsSecrets(sender).server)?.certificate
    const sighting = evidence.natsHandshake
    if (!issued) return { state: 'Unknown', message: 'no certificate is issued yet' }
    if (!sighting)
      return (
        lastProof(sender, 'nats-tls-adopted') ?? {
          state: 'Unknown',
          message: 'no handshake has been made yet',
        }
      )

    if (isStale(sighting, snapshot)) return { state: 'Unknown', message: 'no handshake has succeeded lately' }
    const open = faults(wanted, sighting.seen.nodes, ({ refusesPlain, refusesAnonymous }) => {
      if (refusesPlain === false) return 'accepts plain-text clients'
      return refusesAnonymous === false ? 'accepts clients without a certificate' : undefined
    })
    if (open.length > 0) return { state: 'Failing', message: open.join('; ') }

    const stale = faults(wanted, sighting.seen.nodes, (node) => {
      if (node.servedSerial === undefined) return node.fault ?? 'did not answer'
      return node.servedSerial === issued.serial ? undefined : 'serves an older certificate'
    })
    if (stale.length === 0) return { state: 'Proven', message: provenMessage(wanted.length) }

    const sinceIssuedMs = now.getTime() - issued.notBefore.getTime() - BACKDATED_MS
    const message = stale.join('; ')
    if (sinceIssuedMs > ADOPTION_MS) return { state: 'Failing', message, lookAgainMs: LOOK_AGAIN_MS }
    return { ...whileAdopting(snapshot, message), lookAgainMs: LOOK_AGAIN_MS }
  },
}

/** A routine renewal is no reason to take a proof back before the nodes had time to follow. */
function whileAdopting({ sender }: Snapshot, message: string): Proof {
  const last = lastProof(sender, 'nats-tls-adopted')
  if (last?.state === 'Proven') return last
  return { state: 'Unknown', message }
}

function provenMessage(nodes: number): string {
  return nodes === 1
    ? 'the node serves the issued certificate and refuses plain-text and certificate-less clients'
    : `all ${nodes} nodes serve the issued certificate and refuse plain-text and certificate-less clients`
}

function faults(
  wanted: readonly string[],
  nodes: readonly NodeHandshake[],
  judge: (node: NodeHandshake) => string | undefined,
): string[] {
  return wanted.flatMap((name) => {
    const fault = judge(nodes.find((node) => node.name === name) ?? { name })
    return fault === undefined ? [] : [`${name} ${fault}`]
  })
}
