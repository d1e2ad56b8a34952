/** Certificates, made in the Secret that holds them. */
import type { DesiredCertificate } from '../../components/wishes/certificate.ts'
import type { Effect } from './effect.ts'

export const certificate: Effect<DesiredCertificate> = {
  rank: () => 0,
  noun: ({ secret }) => `Secret ${secret.name}`,
  event: ({ reason }, { what }) => ({
    type: 'Normal',
    reason: 'CertificateIssued',
    message: `${what}: ${reason}`,
  }),
  carryOut: async ({ request, secret }, { tools, claim, signal }) => ({
    outcome: await tools.secrets.keep(
      { ...secret, type: 'kubernetes.io/tls' },
      claim,
      (held) => tools.authority.certify(request, secret.namespace, held, signal),
      signal,
    ),
  }),
}
