/** The certificates of managed NATS: a CA, one leaf for the servers, one for each who may speak to them. */
import type { DesiredCertificate, LeafRequest, SecretIdentity } from './desired.ts'
import type { CertificateFacts, SecretFacts, Snapshot } from './snapshot.ts'
import type { Verdict } from './component.ts'
import { component } from './component.ts'
import { parseDurationMs } from './parts/durations.ts'
import { labels, retainedLabels } from './parts/labels.ts'
import { identityName, natsSecrets, serverDnsNames } from './parts/natsTopology.ts'
import { Secret } from '../vocabulary/kinds.ts'

const PART = 'nats'

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
    const ca = caCertificate(snapshot)
    if (ca.needed) return [ca.needed]
    const { issuer } = ca
    if (!issuer) return []
    return leaves(snapshot).flatMap(({ secret, request }) => {
      const reason = leafFault(snapshot, snapshot.secrets.get(secret.name), request, issuer)
      return reason === undefined ? [] : [{ type: 'certificate', secret, reason, request } as const]
    })
  },

  observe(snapshot) {
    const { managed } = snapshot.sender.spec.nats
    if (!managed) return { external: true, pending: [] }
    const ca = caCertificate(snapshot)
    const issuerFault = userIssuerFault(snapshot)
    const pending = leaves(snapshot)
      .filter(({ secret, request }) => {
        const facts = snapshot.secrets.get(secret.name)
        return !ca.issuer || brokenLeaf(facts, request, ca.issuer, snapshot.now) !== undefined
      })
      .map(({ secret }) => secret.name)
    const nextRenewalMs = nextRenewal(snapshot)
    return {
      external: false,
      pending,
      ...(issuerFault !== undefined && { issuerFault }),
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

interface Leaf {
  readonly secret: SecretIdentity
  readonly request: LeafRequest
}

/** The CA to sign with, or the one to make first; neither while the user's cannot be used. */
function caCertificate(snapshot: Snapshot): { issuer?: CertificateFacts; needed?: DesiredCertificate } {
  const own = snapshot.sender.spec.nats.tls?.issuerSecretRef
  if (own) return userIssuer(snapshot, own.name)
  const facts = snapshot.secrets.get(natsSecrets(snapshot.sender).ca)
  const fault = caFault(facts, renewalWindows(snapshot).ca, snapshot.now)
  if (fault === undefined && facts?.certificate) return { issuer: facts.certificate }
  return { needed: neededCa(snapshot, fault ?? 'absent') }
}

function userIssuer(snapshot: Snapshot, name: string): { issuer?: CertificateFacts } {
  const reference = snapshot.references.get(name)
  if (!reference?.found || !reference.certificate || userIssuerFault(snapshot) !== undefined) return {}
  return { issuer: reference.certificate }
}

function neededCa(snapshot: Snapshot, reason: string): DesiredCertificate {
  const { sender } = snapshot
  return {
    type: 'certificate',
    reason,
    secret: caIdentity(snapshot),
    request: {
      role: 'ca',
      commonName: `NATS CA of ${sender.namespace}/${sender.name}`.slice(0, 64),
      durationMs: windowOf(snapshot, 'caDuration', '43800h'),
    },
  }
}

function caIdentity({ sender }: Snapshot): SecretIdentity {
  const retained = sender.spec.deletionPolicy !== 'Delete'
  return {
    name: natsSecrets(sender).ca,
    namespace: sender.namespace,
    labels: retained ? retainedLabels(sender, PART) : labels(sender, PART),
    owned: !retained,
  }
}

function leaves(snapshot: Snapshot): readonly Leaf[] {
  const { sender, installation } = snapshot
  const secrets = natsSecrets(sender)
  const issuerSecret = sender.spec.nats.tls?.issuerSecretRef?.name ?? secrets.ca
  const durationMs = windowOf(snapshot, 'duration', '2160h')
  const leaf = (name: string, dnsNames: readonly string[], usages: LeafRequest['usages']): Leaf => ({
    secret: { name, namespace: sender.namespace, labels: labels(sender, PART), owned: true },
    request: {
      role: 'leaf',
      commonName: name,
      dnsNames,
      usages,
      durationMs,
      issuerSecret,
    },
  })
  return [
    // A route is dialled by one server and answered by another, with the same certificate.
    leaf(secrets.server, serverDnsNames(sender, installation), ['serverAuth', 'clientAuth']),
    leaf(secrets.worker, [identityName(sender, 'worker')], ['clientAuth']),
    leaf(secrets.operator, [identityName(sender, 'operator')], ['clientAuth']),
    leaf(secrets.system, [identityName(sender, 'system')], ['clientAuth']),
  ]
}

type Window = 'duration' | 'renewBefore' | 'caDuration'

function windowOf(snapshot: Snapshot, field: Window, standard: string): number {
  return parseDurationMs(snapshot.sender.spec.nats.tls?.[field] ?? standard)
}

/** How long before its end each is renewed; the CA before any leaf would have to outlive it. */
function renewalWindows(snapshot: Snapshot) {
  return { ca: windowOf(snapshot, 'duration', '2160h'), leaf: windowOf(snapshot, 'renewBefore', '720h') }
}

function caFault(facts: SecretFacts | undefined, windowMs: number, now: Date): string | undefined {
  if (!facts) return 'absent'
  if (!facts.certificate?.keyMatches) return 'unreadable or without its key'
  if (!facts.certificate.isCa) return 'not a CA'
  if (endsWithin(facts.certificate, windowMs, now)) return 'near its end'
  return undefined
}

function leafFault(
  snapshot: Snapshot,
  facts: SecretFacts | undefined,
  request: LeafRequest,
  issuer: CertificateFacts,
): string | undefined {
  const broken = brokenLeaf(facts, request, issuer, snapshot.now)
  if (broken !== undefined) return broken
  // Under a CA that ends soon no renewal could last longer.
  const certificate = facts?.certificate
  if (!certificate || certificate.notAfter >= issuer.notAfter) return undefined
  return endsWithin(certificate, renewalWindows(snapshot).leaf, snapshot.now) ? 'near its end' : undefined
}

/** Why a leaf cannot serve, as against one that can but should be renewed. */
function brokenLeaf(
  facts: SecretFacts | undefined,
  request: LeafRequest,
  issuer: CertificateFacts,
  now: Date,
): string | undefined {
  if (!facts) return 'absent'
  const { certificate } = facts
  if (!certificate?.keyMatches) return 'unreadable or without its key'
  if (certificate.issuerKeyHash !== issuer.keyHash) return 'signed by another CA'
  if (!sameSet(certificate.dnsNames, request.dnsNames)) return 'for other names'
  if (!request.usages.every((usage) => certificate.usages.includes(usage))) return 'for another use'
  return endsWithin(certificate, 0, now) ? 'expired' : undefined
}

function userIssuerFault({ sender, references, now }: Snapshot): string | undefined {
  const name = sender.spec.nats.tls?.issuerSecretRef?.name
  if (name === undefined) return undefined
  const reference = references.get(name)
  if (!reference?.found) return undefined // a missing Secret is DependenciesReachable's to tell
  const { certificate } = reference
  if (!certificate) return `Secret ${name} has no certificate that can be read in tls.crt`
  if (!certificate.isCa) return `the certificate in Secret ${name} is not a CA`
  if (!certificate.keyMatches) return `the key in Secret ${name} does not belong to its certificate`
  return endsWithin(certificate, 0, now) ? `the CA in Secret ${name} has expired` : undefined
}

function nextRenewal(snapshot: Snapshot): number | undefined {
  const window = renewalWindows(snapshot).leaf
  const ends = leaves(snapshot).flatMap(({ secret }) => {
    const end = snapshot.secrets.get(secret.name)?.certificate?.notAfter
    return end ? [end.getTime() - window - snapshot.now.getTime()] : []
  })
  return ends.length === 0 ? undefined : Math.max(60_000, Math.min(...ends))
}

function endsWithin(certificate: CertificateFacts, windowMs: number, now: Date): boolean {
  return certificate.notAfter.getTime() - windowMs <= now.getTime()
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((entry) => right.includes(entry))
}
