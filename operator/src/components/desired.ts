/** What a component can want: a closed set; reconcile/effects has a file for each member. */
import type { ConsumerConfig, StreamConfig } from '../../../crds/workQueue.ts'
import type { KubernetesObject, Resource } from '../runtime/object.ts'
import type { OwnedKind } from '../vocabulary/kinds.ts'

/** A Kubernetes object, by server-side apply. */
export interface DesiredObject {
  readonly type: 'object'
  readonly resource: OwnedKind
  readonly object: KubernetesObject
  readonly aside?: Aside
}

/** No part of what the condition of its component speaks of, and no deed worth an event: a check tells what becomes of it. */
export type Aside = true

/** A certificate to be made now; absent when the one at hand is good. */
export interface DesiredCertificate {
  readonly type: 'certificate'
  readonly secret: SecretIdentity
  readonly reason: string
  readonly request: CertificateRequest
}

/** A key to be made once, or copied from where it still is; a good one is never replaced. */
export interface DesiredKey {
  readonly type: 'key'
  readonly secret: SecretIdentity
  /** The entry of the Secret that holds it. */
  readonly key: string
  readonly source:
    /** Refused while one of those volumes exists, which only the key that is gone could read. */
    | { readonly from: 'random'; readonly sizeBytes: number; readonly unlessVolumes?: readonly string[] }
    | { readonly from: 'secret'; readonly name: string }
}

/** Tells one NATS node to read its configuration and certificates again. */
export interface DesiredReload {
  readonly type: 'natsReload'
  readonly address: NatsAddress
  /** Secret with the leaf of the system account. */
  readonly systemSecret: string
  readonly reason: string
}

/** The work queue, through the JetStream API. */
export interface DesiredQueue {
  readonly type: 'queue'
  readonly access: NatsAccess
  readonly stream: StreamConfig
  readonly consumer: ConsumerConfig
  readonly reason: string
}

/** What ClickHouse is to carry out; safe to repeat. */
export interface DesiredStatement {
  readonly type: 'statement'
  readonly access: ClickhouseAccess
  /** The table that it is about, or the database. */
  readonly subject: string
  /** One after the other. */
  readonly texts: readonly string[]
  /** What was found to be otherwise: the reason of the event. */
  readonly reason: string
  /** The same in words. */
  readonly message: string
}

/** An object of ours that must go; of a kind that the component declares in `prunes`. */
export interface DesiredAbsence {
  readonly type: 'absent'
  readonly resource: Resource
  readonly name: string
  readonly reason: string
  readonly aside?: Aside
}

export type Desired =
  | DesiredAbsence
  | DesiredObject
  | DesiredCertificate
  | DesiredKey
  | DesiredReload
  | DesiredQueue
  | DesiredStatement

export function isAside(desired: Desired): boolean {
  return 'aside' in desired && desired.aside
}

/** Where a generated Secret lives and whose it is. */
export interface SecretIdentity {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  /** Absent for what outlives its BatchSender. */
  readonly owned: boolean
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

export interface NatsAddress {
  readonly node: string
  readonly host: string
  readonly port: number
}

/** How the operator reaches a NATS system: addresses, and the Secret with its client certificate, if any. */
export interface NatsAccess {
  readonly servers: readonly string[]
  readonly tlsSecret?: string
}

/** How the operator reaches ClickHouse: the address, and the Secret with its credentials, if any. */
export interface ClickhouseAccess {
  readonly url: string
  readonly secret?: string
}
