/** The CA that signs for NATS: the user's, or one that the operator makes. */
import type { DesiredCertificate } from '../wishes/certificate.ts'
import type { SecretIdentity } from '../wishes/secretIdentity.ts'
import type { CertificateFacts, SecretFacts, Snapshot } from '../snapshot.ts'
import { labels, retainedLabels } from './labels.ts'
import { natsSecrets } from './natsTopology.ts'
import { hasEnded, isDue, renewalWindows, windowOf } from './renewal.ts'

const PART = 'nats'

export type Issuer =
  | { readonly state: 'good'; readonly certificate: CertificateFacts }
  | { readonly state: 'needed'; readonly wish: DesiredCertificate }
  /** Only a person can help. */
  | { readonly state: 'unusable'; readonly fault: string }
  /** A Secret that is missing is DependenciesReachable's to tell. */
  | { readonly state: 'absent' }

export function natsIssuer(snapshot: Snapshot): Issuer {
  const name = snapshot.sender.spec.nats.tls?.issuerSecretRef?.name
  return name === undefined ? ownIssuer(snapshot) : userIssuer(snapshot, name)
}

function userIssuer({ references, now }: Snapshot, name: string): Issuer {
  const reference = references.get(name)
  if (!reference?.found) return { state: 'absent' }
  const { certificate } = reference
  const fault = userFault(certificate, name, now)
  if (fault !== undefined || !certificate) return { state: 'unusable', fault: fault ?? '' }
  return { state: 'good', certificate }
}

function userFault(certificate: CertificateFacts | undefined, name: string, now: Date): string | undefined {
  if (!certificate) return `Secret ${name} has no certificate that can be read in tls.crt`
  if (!certificate.isCa) return `the certificate in Secret ${name} is not a CA`
  if (!certificate.keyMatches) return `the key in Secret ${name} does not belong to its certificate`
  if (certificate.signingFault !== undefined)
    return `the CA in Secret ${name} cannot be used: ${certificate.signingFault}`
  return hasEnded(certificate, now) ? `the CA in Secret ${name} has expired` : undefined
}

function ownIssuer(snapshot: Snapshot): Issuer {
  const { ca: name } = natsSecrets(snapshot.sender)
  const facts = snapshot.secrets.get(name)
  const unusable = facts?.certificate?.keyMatches === true ? facts.certificate.signingFault : undefined
  // Somebody put it there: what is not ours to make is not ours to replace.
  if (unusable !== undefined)
    return {
      state: 'unusable',
      fault: `the CA in Secret ${name} cannot be used: ${unusable}; put another one there`,
    }
  const fault = caFault(facts, renewalWindows(snapshot).ca, snapshot.now)
  if (fault === undefined && facts?.certificate) return { state: 'good', certificate: facts.certificate }
  return { state: 'needed', wish: newCa(snapshot, fault ?? 'absent') }
}

function caFault(facts: SecretFacts | undefined, windowMs: number, now: Date): string | undefined {
  if (!facts) return 'absent'
  if (!facts.certificate?.keyMatches) return 'unreadable or without its key'
  if (!facts.certificate.isCa) return 'not a CA'
  return isDue(facts.certificate, windowMs, now) ? 'near its end' : undefined
}

function newCa(snapshot: Snapshot, reason: string): DesiredCertificate {
  const { sender } = snapshot
  return {
    type: 'certificate',
    reason,
    secret: caIdentity(snapshot),
    request: {
      role: 'ca',
      commonName: `NATS CA of ${sender.namespace}/${sender.name}`.slice(0, 64),
      durationMs: windowOf(snapshot, 'caDuration'),
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
