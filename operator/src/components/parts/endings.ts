/** What ends soon and is not the operator's to renew: certificates and CAs of the user's. Pure. */
import type { CertificateFacts, Snapshot } from '../snapshot.ts'
import { natsLeaves } from './natsLeaves.ts'
import { hasEnded, isDue, renewalWindows } from './renewal.ts'
import { instantOf } from './instants.ts'

/**
 * A CA of the user's that ends before a leaf made now would, or that a leaf had to be cut short for. The operator's own is
 * renewed by then.
 * @returns the end of a sentence
 */
export function issuerEnding(snapshot: Snapshot): string | undefined {
  const { tls, managed } = snapshot.sender.spec.nats
  const issuer = managed && ofUser(snapshot, tls?.issuerSecretRef?.name)
  if (!issuer) return undefined
  const { name, certificate } = issuer
  const isNear = isDue(certificate, renewalWindows(snapshot).ca, snapshot.now)
  if (!isNear && !isCutShort(snapshot, certificate)) return undefined
  return `the CA in Secret ${name} ends at ${instant(certificate)}: put its successor there`
}

function ofUser({ references }: Snapshot, name: string | undefined) {
  const reference = name === undefined ? undefined : references.get(name)
  if (name === undefined || reference?.found !== true || !reference.certificate) return undefined
  return { name, certificate: reference.certificate }
}

function isCutShort(snapshot: Snapshot, { keyHash, notAfter }: CertificateFacts): boolean {
  return natsLeaves(snapshot).some(({ secret }) => {
    const leaf = snapshot.secrets.get(secret.name)?.certificate
    return leaf?.issuerKeyHash === keyHash && leaf.notAfter >= notAfter
  })
}

export interface Ending {
  readonly hasEnded: boolean
  readonly text: string
}

/** The certificate that workers and operator show to NATS that runs elsewhere. */
export function clientEnding(snapshot: Snapshot): Ending | undefined {
  const client = ofUser(snapshot, snapshot.sender.spec.nats.external?.tlsSecretRef?.name)
  if (!client) return undefined
  const { name, certificate } = client
  const isOver = hasEnded(certificate, snapshot.now)
  if (!isOver && !isDue(certificate, renewalWindows(snapshot).leaf, snapshot.now)) return undefined
  const verb = isOver ? 'ended' : 'ends'
  return {
    hasEnded: isOver,
    text: `the certificate in Secret ${name} ${verb} at ${instant(certificate)}: renew it`,
  }
}

const instant = ({ notAfter }: CertificateFacts) => instantOf(notAfter)
