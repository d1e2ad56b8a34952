/** A certificate in a Secret of ours. */
import type { SecretIdentity } from './secretIdentity.ts'

declare module '../desired.ts' {
  interface Wishes {
    readonly certificate: DesiredCertificate
  }
}

/** A certificate to be made now; absent when the one at hand is good. */
export interface DesiredCertificate {
  readonly type: 'certificate'
  readonly secret: SecretIdentity
  readonly reason: string
  readonly request: CertificateRequest
}

export type CertificateRequest = CaRequest | LeafRequest | TrustRequest

export interface CaRequest {
  readonly role: 'ca'
  readonly commonName: string
  readonly durationMs: number
}

export interface LeafRequest {
  readonly role: 'leaf'
  readonly commonName: string
  readonly dnsNames: readonly string[]
  readonly usages: readonly ('serverAuth' | 'clientAuth')[]
  readonly durationMs: number
  /** Secret with `tls.crt` and `tls.key` of the CA. */
  readonly issuerSecret: string
  /** Whom the Secret trusts now is trusted on, when it was another CA that signed; `false` where somebody put it there. */
  readonly keepsTrust?: boolean
}

/** Another CA is trusted beside those that are; the certificate and its key stay. */
export interface TrustRequest {
  readonly role: 'trust'
  readonly issuerSecret: string
}
