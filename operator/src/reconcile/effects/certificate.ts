/** Certificates, made in the Secret that holds them. */
import type { DesiredCertificate } from '../../components/desired.ts'
import type { Effect } from './effect.ts'

export const certificate: Effect<DesiredCertificate> = {
  rank: () => 0,
  noun: ({ secret }) => `Secret ${secret.name}`,
  event: ({ reason }, { what }) => ({
    type: 'Normal',
    reason: 'CertificateIssued',
    message: `${what}: ${reason}`,
  }),
  carryOut: async (wish, { ports, claim, signal }) => ({
    outcome: await ports.issueCertificate(wish, claim, signal),
  }),
}
