/** The certificates that NATS and those who speak to it use now, and their CA, whoever makes them. Pure. */
import type { CertificateFacts, Snapshot } from '../snapshot.ts'
import { natsSecrets } from './natsTopology.ts'

export interface CertificateInUse {
  readonly secret: string
  readonly role: 'leaf' | 'ca'
  /** Made and renewed by the operator, or the user's own. */
  readonly isOurs: boolean
  readonly certificate: CertificateFacts
}

/** Those that are there: what is missing is told elsewhere. */
export function certificatesInUse({ sender, secrets, references }: Snapshot): readonly CertificateInUse[] {
  const { managed, external, tls } = sender.spec.nats
  const ours = (secret: string, role: CertificateInUse['role']) =>
    known({ secret, role, isOurs: true }, secrets.get(secret)?.certificate)
  const ofUser = (secret: string | undefined, role: CertificateInUse['role']) => {
    const reference = secret === undefined ? undefined : references.get(secret)
    if (secret === undefined || reference?.found !== true) return []
    return known({ secret, role, isOurs: false }, reference.certificate)
  }
  if (!managed) return ofUser(external?.tlsSecretRef?.name, 'leaf')
  const { server, worker, operator, system, ca } = natsSecrets(sender)
  const issuer = tls?.issuerSecretRef?.name
  return [
    ...[server, worker, operator, system].flatMap((secret) => ours(secret, 'leaf')),
    ...(issuer === undefined ? ours(ca, 'ca') : ofUser(issuer, 'ca')),
  ]
}

const known = (
  one: Omit<CertificateInUse, 'certificate'>,
  certificate: CertificateFacts | undefined,
): readonly CertificateInUse[] => (certificate ? [{ ...one, certificate }] : [])

/** The one that ends first. */
export const firstToEnd = (all: readonly CertificateInUse[]): CertificateInUse | undefined =>
  all.toSorted((one, other) => one.certificate.notAfter.getTime() - other.certificate.notAfter.getTime())[0]
