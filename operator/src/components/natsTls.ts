/**
 * The certificates of managed NATS: a CA, one leaf for the servers, one for each who may speak to them. Another CA is
 * trusted by everybody, NATS started anew with that trust, before it signs anything.
 */
import type { DesiredCertificate } from './desired.ts'
import type { CertificateFacts, Snapshot } from './snapshot.ts'
import type { Verdict } from './component.ts'
import type { Leaf } from './parts/natsLeaves.ts'
import { component } from './component.ts'
import { natsIsUpToDate } from './nats/template.ts'
import { natsIssuer } from './parts/natsIssuer.ts'
import { natsLeaves } from './parts/natsLeaves.ts'
import { hasEnded, isDue, renewalAt, renewalWindows } from './parts/renewal.ts'
import { Secret } from '../vocabulary/kinds.ts'

interface Observed {
  readonly external: boolean
  readonly issuerFault?: string
  /** Secrets whose certificate must be made before all is in time. */
  readonly pending: readonly string[]
  readonly nextRenewalMs?: number
}

export const natsTls = component<'NatsTLSReady', Observed>({
  name: 'natsTls',
  conditionType: 'NatsTLSReady',
  owns: [Secret],
  prunes: [],

  desired(snapshot) {
    if (!snapshot.sender.spec.nats.managed) return []
    const issuer = natsIssuer(snapshot)
    if (issuer.state === 'needed') return [issuer.wish]
    if (issuer.state !== 'good') return []
    const needs = natsLeaves(snapshot).map((leaf) => ({
      leaf,
      need: needOf(snapshot, leaf, issuer.certificate),
    }))
    const isTrusted = !needs.some(({ need }) => need?.what === 'trust') && natsIsUpToDate(snapshot)
    return needs.flatMap(({ leaf, need }) => {
      if (!need || (need.what === 'other issuer' && !isTrusted)) return []
      return [wishOf(leaf, need)]
    })
  },

  observe(snapshot) {
    if (!snapshot.sender.spec.nats.managed) return { external: true, pending: [] }
    const issuer = natsIssuer(snapshot)
    const nextRenewalMs = nextRenewal(snapshot)
    return {
      external: false,
      pending: pendingOf(snapshot, issuer.state === 'good' ? issuer.certificate : undefined),
      ...(issuer.state === 'unusable' && { issuerFault: issuer.fault }),
      ...(nextRenewalMs !== undefined && { nextRenewalMs }),
    }
  },

  condition(observed): Verdict<'NatsTLSReady'> {
    if (observed.external)
      return {
        status: 'True',
        reason: 'Provided',
        message: 'NATS is external and brings its own certificates',
      }
    if (observed.issuerFault !== undefined)
      return { status: 'False', reason: 'IssuerUnusable', message: observed.issuerFault }
    if (observed.pending.length > 0)
      return {
        status: 'False',
        reason: 'Issuing',
        message: `certificates are being made: ${observed.pending.join(', ')}`,
      }
    return {
      status: 'True',
      reason: 'Issued',
      message: 'all certificates are issued and in time',
      ...(observed.nextRenewalMs !== undefined && { lookAgainMs: observed.nextRenewalMs }),
    }
  },
})

/** What a leaf needs: to be made anew because it cannot serve, to trust the CA, to be signed by it, to be renewed. */
interface Need {
  readonly what: 'broken' | 'trust' | 'other issuer' | 'renewal'
  readonly reason: string
}

function needOf(snapshot: Snapshot, leaf: Leaf, issuer: CertificateFacts): Need | undefined {
  const { secrets, now } = snapshot
  const reason = brokenLeaf(snapshot, leaf)
  if (reason !== undefined) return { what: 'broken', reason }
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

function wishOf({ secret, request }: Leaf, { what, reason }: Need): DesiredCertificate {
  const { issuerSecret } = request
  return {
    type: 'certificate',
    secret,
    reason,
    request: what === 'trust' ? { role: 'trust', issuerSecret } : request,
  }
}

/** Of a new spec everything has to be as it says; later a leaf that serves is good while another one comes. */
function pendingOf(snapshot: Snapshot, issuer: CertificateFacts | undefined): readonly string[] {
  const { status, generation } = snapshot.sender
  const isNew = status.observedGeneration !== generation
  const blocking = isNew ? ['broken', 'trust', 'other issuer'] : ['broken']
  return natsLeaves(snapshot)
    .filter((leaf) => !issuer || blocking.includes(needOf(snapshot, leaf, issuer)?.what ?? ''))
    .map(({ secret }) => secret.name)
}

/** Nobody tells when a renewal is due. */
function nextRenewal(snapshot: Snapshot): number | undefined {
  const windowMs = renewalWindows(snapshot).leaf
  const due = natsLeaves(snapshot).flatMap(({ secret }) => {
    const certificate = snapshot.secrets.get(secret.name)?.certificate
    return certificate ? [renewalAt(certificate, windowMs).getTime() - snapshot.now.getTime()] : []
  })
  return due.length === 0 ? undefined : Math.max(60_000, Math.min(...due))
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((entry) => right.includes(entry))
}
