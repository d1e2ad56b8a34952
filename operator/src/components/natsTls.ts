/**
 * The certificates of managed NATS: a CA, one leaf for the servers, one for each who may speak to them. Another CA is
 * trusted by everybody, NATS started anew with that trust, before it signs anything.
 */
import type { DesiredCertificate } from './wishes/certificate.ts'
import type { CertificateFacts, Snapshot } from './snapshot.ts'
import type { Verdict } from './component.ts'
import type { Leaf } from './parts/natsLeaves.ts'
import { component } from './component.ts'
import { natsIsUpToDate } from './nats/template.ts'
import { natsTlsFigures } from './nats/tlsFigures.ts'
import { natsIssuer } from './parts/natsIssuer.ts'
import { natsLeaves } from './parts/natsLeaves.ts'
import { clientEnding, issuerEnding, type Ending } from './parts/endings.ts'
import { needOf, type Need } from './parts/leafNeeds.ts'
import { renewalAt, renewalWindows } from './parts/renewal.ts'
import { Secret } from '../vocabulary/kinds.ts'

interface Observed {
  readonly external: boolean
  readonly issuerFault?: string
  /** Secrets whose certificate must be made before all is in time. */
  readonly pending: readonly string[]
  readonly nextRenewalMs?: number
  /** What ends soon and only a person can renew, as the end of a message. */
  readonly issuerEnding: string | undefined
  readonly clientEnding: Ending | undefined
}

export const natsTls = component<'NatsTLSReady', Observed>({
  name: 'natsTls',
  conditionType: 'NatsTLSReady',
  owns: [Secret],
  prunes: [],
  figures: natsTlsFigures,

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
    const endings = { issuerEnding: issuerEnding(snapshot), clientEnding: clientEnding(snapshot) }
    if (!snapshot.sender.spec.nats.managed) return { external: true, pending: [], ...endings }
    const issuer = natsIssuer(snapshot)
    const nextRenewalMs = nextRenewal(snapshot)
    return {
      external: false,
      ...endings,
      pending: pendingOf(snapshot, issuer.state === 'good' ? issuer.certificate : undefined),
      ...(issuer.state === 'unusable' && { issuerFault: issuer.fault }),
      ...(nextRenewalMs !== undefined && { nextRenewalMs }),
    }
  },

  condition(observed): Verdict<'NatsTLSReady'> {
    if (observed.external) return ofUser(observed.clientEnding)
    if (observed.issuerFault !== undefined)
      return { status: 'False', reason: 'IssuerUnusable', message: observed.issuerFault }
    if (observed.pending.length > 0)
      return {
        status: 'False',
        reason: 'Issuing',
        message: `certificates are being made: ${observed.pending.join(', ')}`,
      }
    const { issuerEnding: ending, nextRenewalMs } = observed
    return {
      status: 'True',
      ...(ending === undefined
        ? ISSUED
        : { reason: 'Ending', message: `all certificates are issued; ${ending}` }),
      ...(nextRenewalMs !== undefined && { lookAgainMs: nextRenewalMs }),
    }
  },
})

const ISSUED = { reason: 'Issued', message: 'all certificates are issued and in time' } as const

function ofUser(ending: Ending | undefined): Verdict<'NatsTLSReady'> {
  if (ending) {
    const { hasEnded, text } = ending
    return { status: hasEnded ? 'False' : 'True', reason: hasEnded ? 'Ended' : 'Ending', message: text }
  }
  return { status: 'True', reason: 'Provided', message: 'NATS is external and brings its own certificates' }
}

function wishOf({ secret, request }: Leaf, { what, reason }: Need): DesiredCertificate {
  const { issuerSecret } = request
  const made = what === 'foreign' ? { ...request, keepsTrust: false } : request
  return {
    type: 'certificate',
    secret,
    reason,
    request: what === 'trust' ? { role: 'trust', issuerSecret } : made,
  }
}

/** Of a new spec everything has to be as it says; later a leaf that serves is good while another one comes. */
function pendingOf(snapshot: Snapshot, issuer: CertificateFacts | undefined): readonly string[] {
  const { status, generation } = snapshot.sender
  const isNew = status.observedGeneration !== generation
  const blocking = isNew ? ['broken', 'foreign', 'trust', 'other issuer'] : ['broken', 'foreign']
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
