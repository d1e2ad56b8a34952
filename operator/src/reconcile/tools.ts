/** What effects are carried out with, none of it made for one of them: adapters implement it, tests hand in values. */
import type { ApplyOutcome } from '../runtime/applyOutcome.ts'
import type { CertificateRequest } from '../components/wishes/certificate.ts'
import type { Claim } from '../runtime/ownership.ts'
import type { ClickhouseAccess } from '../components/parts/clickhouse.ts'
import type { ClickhouseFault } from '../components/parts/clickhouseSeen.ts'
import type { KubernetesObject, OwnerReference, Resource } from '../runtime/object.ts'
import type { NatsAccess, NatsAddress } from '../components/parts/natsAccess.ts'
import type { Outcome } from './ports.ts'
import type { Removal } from '../runtime/remove.ts'
import type { SecretIdentity } from '../components/wishes/secretIdentity.ts'

export interface Tools {
  readonly cluster: ClusterTool
  readonly secrets: SecretTool
  readonly authority: AuthorityTool
  readonly clickhouse: ClickhouseTool
  readonly nats: NatsTool
}

export interface ClusterTool {
  apply(
    resource: Resource,
    object: KubernetesObject,
    claim: Claim,
    signal: AbortSignal,
  ): Promise<ApplyOutcome>
  remove(
    resource: Resource,
    namespace: string,
    name: string,
    owner: OwnerReference,
    signal: AbortSignal,
  ): Promise<Removal>
  /** Asks the server, not the cache: for what cannot be undone. */
  isThere(resource: Resource, namespace: string, name: string, signal: AbortSignal): Promise<boolean>
}

/** What a Secret holds, as text by its keys. */
export type SecretContent = Readonly<Record<string, string>>

/** Generated Secrets. */
export interface SecretTool {
  /** As the server has it; for one use, never to be kept. */
  read(namespace: string, name: string, signal: AbortSignal): Promise<SecretContent | undefined>
  /** @param make from what it holds now; `undefined` when that is good already */
  keep(
    secret: SecretIdentity & { readonly type: 'Opaque' | 'kubernetes.io/tls' },
    claim: Claim,
    make: (held: SecretContent | undefined) => Promise<SecretContent | undefined>,
    signal: AbortSignal,
  ): Promise<Outcome>
}

/** Makes certificates. */
export interface AuthorityTool {
  /** @param held what the Secret holds that it is for */
  certify(
    request: CertificateRequest,
    namespace: string,
    held: SecretContent | undefined,
    signal: AbortSignal,
  ): Promise<SecretContent>
}

/** What is asked of one ClickHouse, and whose Secrets say who asks. */
export interface ClickhouseServer {
  readonly namespace: string
  readonly access: ClickhouseAccess
}

export interface ClickhouseTool {
  /**
   * One statement after the other; never throws.
   * @returns what it has against one of them; with reason `Unreachable` it is not known whether it was carried out
   */
  run(
    server: ClickhouseServer,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<ClickhouseFault | undefined>
}

/** What is asked of one NATS system: who may ask, and where. */
export interface NatsTarget {
  readonly namespace: string
  readonly access: NatsAccess
}

/** One node, and the Secret with the leaf of its system account. */
export interface SystemTarget {
  readonly address: NatsAddress
  readonly systemSecret: string
}

/** Every error that it throws has a message that is the same for every way of not getting through. */
export interface NatsTool {
  jetstream<Result>(
    target: NatsTarget,
    ask: (api: JetstreamApi) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result>
  /** Asks one server by way of its system account (`$SYS.REQ.SERVER.<id>.<verb>`). */
  askNode(verb: NodeVerb, node: SystemTarget, namespace: string, signal: AbortSignal): Promise<NodeAnswer>
}

export interface JetstreamApi {
  /** @param subject behind `$JS.API.` */
  request(subject: string, body?: unknown): Promise<unknown>
  streamInfo(stream: string): Promise<object | undefined>
  consumerInfo(stream: string, consumer: string): Promise<object | undefined>
}

export type NodeVerb = 'RELOAD' | 'VARZ'

export interface NodeAnswer {
  readonly data?: { readonly config_digest?: string }
  readonly error?: { readonly code: number }
}
