/** Everything a decision may look at, as one value: the object, its children, its Secrets, the evidence, the time. */
import type { BatchSenderSpec } from '../../../crds/schema/batchsender.ts'
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { Probing } from './networkPolicy/seen.ts'
import type { MigrationFault } from '../../../crds/migrationFault.ts'
import type { JobReport } from '../../../crds/jobReports.ts'
import type { RequestName } from '../../../crds/requests.ts'
import type { KubernetesObject, Resource } from '../runtime/object.ts'

/** One BatchSender: who it is, what it wants, what was said of it last. */
export interface Sender {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly generation: number
  readonly spec: BatchSenderSpec
  /** Hash of the spec without `suspend`. */
  readonly specHash: string
  /** What the schema has against the spec; empty when it is valid. */
  readonly specFaults: readonly string[]
  readonly status: BatchSenderStatus
  /** What a person asks for, handled or not. */
  readonly requests: Readonly<Partial<Record<RequestName, string>>>
  /** Token of the loss that a person accepts. */
  readonly acceptedLoss?: string
  /** Children that were left without an owner are to be taken back. */
  readonly adoptsOrphans: boolean
  /** Namespace of the operator that a person has chosen for it. */
  readonly assignedTo?: string
}

/** What the leaf or CA in one of our Secrets says of itself; instants as `Date`. */
export interface CertificateFacts {
  readonly serial: string
  readonly subject: string
  readonly notBefore: Date
  readonly notAfter: Date
  readonly isCa: boolean
  readonly dnsNames: readonly string[]
  readonly usages: readonly string[]
  /** SHA-256 of the public key, hexadecimal. */
  readonly keyHash: string
  /** The certificate carries the public half of the private key beside it. */
  readonly keyMatches: boolean
  /** SHA-256 of the key that signed it, as far as a certificate in `ca.crt` verifies the signature. */
  readonly issuerKeyHash?: string
  /** Fingerprints of the certificates in `ca.crt`; of a CA, of those that whoever it signs for is to trust. Sorted. */
  readonly trusts: readonly string[]
  /** SHA-256 of their public keys. Sorted. */
  readonly trustedKeys: readonly string[]
  /** Why a CA cannot sign here, or would not be believed. */
  readonly signingFault?: string
}

export interface DataKeyFacts {
  /** Tells one key from another and is no help in finding it. */
  readonly id: string
}

/** One of our own generated Secrets, without anything secret. */
export interface SecretFacts {
  readonly keys: readonly string[]
  /** Present when `tls.crt` can be parsed. */
  readonly certificate?: CertificateFacts
  /** Present when it holds a key that data can be encrypted with. */
  readonly dataKey?: DataKeyFacts
  readonly deleting: boolean
  /** uid of the controller; retained Secrets have none. */
  readonly controllerUid?: string
  readonly retainedFor?: string
}

/** What keeps a Secret of the user's. */
export type SecretOrigin = Pick<NonNullable<Origins>[number], 'editedBy'> & {
  readonly by: Exclude<NonNullable<Origins>[number]['by'], 'None'>
  /** The object that keeps it. */
  readonly of: string
}
type Origins = NonNullable<BatchSenderStatus['evidence']>['secrets']

/** A Secret of the user's that the spec names. */
export type ReferenceFacts =
  /** @property fault why it could not be read, in the server's words; absent when it is not there */
  | { readonly found: false; readonly fault?: string }
  | {
      readonly found: true
      readonly keys: readonly string[]
      /** HMAC over each key's value under a key of the operator's: tells a change and nothing else. */
      readonly fingerprints: Readonly<Record<string, string>>
      readonly certificate?: CertificateFacts
      /** Absent when it is kept by nothing that is known. */
      readonly origin?: SecretOrigin
      /** Fingerprints of the databases that its addresses mean, the same for every BatchSender. */
      readonly databases?: readonly string[]
    }

/** What an observer saw, settled: one failed look does not replace a good one. */
export interface Sighting<Seen> {
  readonly seen: Seen
  readonly lookedAt: Date
}

/** What observers saw, by their names: each entry is declared beside the type of what it is. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- others add to it
export interface Evidence {}

/** One run of a backup, verification or retention Job. */
export interface JobRun {
  readonly name: string
  readonly component: string
  readonly state: 'running' | 'complete' | 'failed'
  /** When the Job was made. */
  readonly madeAt: Date
  readonly endedAt?: Date
  /** Since when no pod of it has been at work; absent while one is. */
  readonly idleSince?: Date
  /** What keeps its pod from beginning, where it says so. */
  readonly waits?: string
  /** What its pods said of themselves, the last attempt too. */
  readonly reports: readonly JobReport[]
}

/** Why something of ours does not run. */
export interface Trouble {
  /** Of the component whose pod it is. */
  readonly component: string
  /** `pod orders-worker-x cannot get image i`; the same for as long as the trouble is. */
  readonly text: string
  /** What the last pod of a Job that ended in vain said of it. */
  readonly lastWords?: { readonly job: string; readonly fault: MigrationFault }
}

/** What another BatchSender uses, too. */
export interface Share {
  readonly what: 'postgres' | 'clickhouse' | 'backup'
  /** `namespace/name`, or that it is of another namespace. */
  readonly with: string
}

/** The operator's own settings that manifests depend on. */
export interface Installation {
  readonly workerImage: string
  readonly natsImage: string
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never'
  readonly clusterDomain: string
  /** Which user pods run as: one that we name, or one that the cluster assigns to the namespace. */
  readonly podUser: 'Fixed' | 'Assigned'
  /** Where the operator's own pods run. */
  readonly operatorNamespace: string
}

export interface Snapshot {
  readonly now: Date
  readonly sender: Sender
  readonly installation: Installation
  /** Optional kinds whose definition is not installed. */
  readonly missingKinds: ReadonlySet<string>
  /** `Kind/name` → object; only what carries our labels. */
  readonly children: ReadonlyMap<string, KubernetesObject>
  readonly secrets: ReadonlyMap<string, SecretFacts>
  readonly references: ReadonlyMap<string, ReferenceFacts>
  readonly runs: readonly JobRun[]
  readonly probing: Probing
  /** Sorted by their texts. */
  readonly troubles: readonly Trouble[]
  readonly evidence: Evidence
  /** Sorted; without repetitions. */
  readonly shared: readonly Share[]
}

/** Whether there can be an object of that kind. */
export function isServed({ missingKinds }: Pick<Snapshot, 'missingKinds'>, { kind }: Resource): boolean {
  return !missingKinds.has(kind)
}

/** The child as the informer knows it. The shape is the caller's word for what the kind looks like. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names the kind's shape at the call
export function childOf<Shape extends KubernetesObject>(
  snapshot: Snapshot,
  resource: Resource,
  name: string,
): Shape | undefined {
  // The one typed seam between raw objects and the client's models.
  return snapshot.children.get(`${resource.kind}/${name}`) as Shape | undefined
}
