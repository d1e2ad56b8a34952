/** A certificate for `localhost` and `127.0.0.1` from a private authority, each made anew. */
import { makeCa, makeLeaf } from '../../operator/src/adapters/certificateAuthority.ts'

const DAY_MS = 86_400_000

/** All PEM; `ca` is the authority's certificate. */
export async function loopbackCertificate(): Promise<Record<'ca' | 'cert' | 'key', string>> {
  const now = new Date()
  const ca = await makeCa({ role: 'ca', commonName: 'private CA', durationMs: DAY_MS }, now)
  const leaf = await makeLeaf(
    {
      role: 'leaf',
      issuerSecret: 'private-ca',
      commonName: 'loopback',
      durationMs: DAY_MS,
      dnsNames: ['localhost'],
      addresses: ['127.0.0.1'],
      usages: ['serverAuth'],
    },
    { certificate: ca['tls.crt'], key: ca['tls.key'] },
    now,
  )
  return { ca: ca['tls.crt'], cert: leaf['tls.crt'], key: leaf['tls.key'] }
}
