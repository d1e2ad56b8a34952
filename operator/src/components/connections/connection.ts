/** Everything that a BatchSender has to know of one party outside of it. All of it pure. */
import type { V1Volume } from '@kubernetes/client-node'
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import type { Destination } from '../../../../crds/schema/network.ts'
import type { JobName } from '../../../../crds/jobs/index.ts'
import type { SECRET_SETTINGS, WorkerSettingsInput } from '../../../../crds/workerSettings.ts'
import type { Raw } from '../parts/manifests.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { Address } from '../parts/addresses.ts'

export type SecretSetting = (typeof SECRET_SETTINGS)[number]
export type SecretKey = readonly [secret: string, key: string]

/** DNS is named by peers alone. */
export type Outside = Exclude<Destination, 'dns'>

/** A Secret of the user's that the spec names. */
export interface Reference {
  readonly secret: string
  /** Where in the spec it is named. */
  readonly path: string
  readonly required: readonly string[]
  /** Keys that count when they are there. */
  readonly optional: readonly string[]
}

export interface Connection {
  /** Secrets that the spec names for it. A Secret may be named more than once. */
  references(spec: BatchSenderSpec): readonly Reference[]
  /** What workers read of it from their environment, secrets apart. */
  settings?(snapshot: Snapshot): Partial<WorkerSettingsInput>
  /** Which key of which Secret each secret setting of the workers comes from. */
  secrets?(snapshot: Snapshot): Partial<Record<SecretSetting, SecretKey>>
  /** What workers have mounted of it, each under its name in `ROOT`. */
  files?(sender: Sender): readonly Raw<V1Volume>[]
  /** Where it is, for who may dial it. */
  readonly way?: Way
}

/** Parts whose pods reach what is outside. */
export type Dialler = 'worker' | JobName

export interface Way {
  /** Its name in `spec.network.egress` and `ports`. */
  readonly destination: Outside
  readonly dialledBy: readonly Dialler[]
  readonly addresses: (sender: Sender) => readonly Address[]
}

/** Where the files of workers are. */
export const ROOT = '/etc/batchsender'

export function reference(
  path: string,
  ref: { readonly name: string } | undefined,
  required: readonly string[],
  optional: readonly string[] = [],
): readonly Reference[] {
  return ref ? [{ secret: ref.name, path, required, optional }] : []
}

export function secretVolume(name: string, secretName: string): Raw<V1Volume> {
  return { name, secret: { secretName, defaultMode: 0o440 } }
}
