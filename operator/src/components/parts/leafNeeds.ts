/** What the certificates below the CA of NATS need before all is in time. Pure. */
import type { CertificateFacts, Snapshot } from '../snapshot.ts'
import { natsLeaves, type Leaf } from './natsLeaves.ts'
import { hasEnded, isDue, renewalWindows } from './renewal.ts'

/**
 * What a leaf needs: to be made anew because it cannot serve or because somebody else made it, to trust the CA, to be
 * signed by it, to be renewed.
 */
export interface Need {
  readonly what: 'broken' | 'foreign' | 'trust' | 'other issuer' | 'renewal'
  readonly reason: string
}

export function needOf(snapshot: Snapshot, leaf: Leaf, issuer: CertificateFacts): Need | undefined {
  const { secrets, now } = snapshot
  const broken = brokenLeaf(snapshot, leaf)
  if (broken !== undefined) return { what: 'broken', reason: broken }
  const foreign = foreignLeaf(snapshot, leaf, issuer)
  if (foreign !== undefined) return { what: 'foreign', reason: foreign }
  const certificate = secrets.get(leaf.secret.name)?.certificate
  if (!certificate) return undefined
  if (!issuer.trusts.every((hash) => certificate.trusts.includes(hash)))
    return { what: 'trust', reason: 'does not trust the CA yet' }
  if (certificate.issuerKeyHash !== issuer.keyHash)
    return { what: 'other issuer', reason: 'signed by another CA' }
  // Under a CA that ends soon no renewal could last longer.
  if (certificate.notAfter >= issuer.notAfter) return undefined
  return isDue(certificate, renewalWindows(snapshot).leaf, now)
    ? { what: 'renewal', reason: 'near its end' }
    : undefined
}

/** Why a leaf cannot serve, as against one that can but should be another. */
function brokenLeaf({ secrets, now }: Snapshot, { secret, request }: Leaf): string | undefined {
  const facts = secrets.get(secret.name)
  if (!facts) return 'absent'
  const { certificate } = facts
  if (!certificate?.keyMatches) return 'unreadable or without its key'
  if (certificate.issuerKeyHash === undefined) return 'signed by a CA that it does not trust'
  if (!sameSet(certificate.dnsNames, request.dnsNames)) return 'for other names'
  if (!request.usages.every((usage) => certificate.usages.includes(usage))) return 'for another use'
  return hasEnded(certificate, now) ? 'expired' : undefined
}

/**
 * A CA that was ours before is trusted by the others, too. One that only this Secret knows was put there by somebody, and
 * whoever has a certificate of it would be let in.
 */
function foreignLeaf(snapshot: Snapshot, { secret }: Leaf, issuer: CertificateFacts): string | undefined {
  const certificate = snapshot.secrets.get(secret.name)?.certificate
  const known = [...issuer.trustedKeys, issuer.keyHash, ...trustedByOthers(snapshot, secret.name)]
  if (!certificate?.issuerKeyHash) return undefined
  if (!known.includes(certificate.issuerKeyHash)) return 'signed by a CA that nobody else trusts'
  const strangers = certificate.trustedKeys.filter((key) => !known.includes(key))
  const isOfIssuer = certificate.issuerKeyHash === issuer.keyHash
  return isOfIssuer && strangers.length > 0 ? 'trusts a CA that nobody else trusts' : undefined
}

function trustedByOthers(snapshot: Snapshot, name: string): readonly string[] {
  return natsLeaves(snapshot)
    .filter(({ secret }) => secret.name !== name)
    .flatMap(({ secret }) => snapshot.secrets.get(secret.name)?.certificate?.trustedKeys ?? [])
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((entry) => right.includes(entry))
}
