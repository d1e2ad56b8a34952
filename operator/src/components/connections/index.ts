/** Every party outside of a BatchSender, and what follows from all of them together. */
import type { V1Volume } from '@kubernetes/client-node'
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import type { WorkerSettingsInput } from '../../../../crds/workerSettings.ts'
import type { Raw } from '../parts/manifests.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { Connection, Outside, Reference, SecretKey, SecretSetting, Way } from './connection.ts'
import { SECRET_SETTINGS } from '../../../../crds/workerSettings.ts'
import { bucket } from './bucket.ts'
import { clickhouse } from './clickhouse.ts'
import { clients } from './clients.ts'
import { features } from './features.ts'
import { mail } from './mail.ts'
import { nats } from './nats.ts'
import { postgres } from './postgres.ts'
import { recipients } from './recipients.ts'

const connections: readonly Connection[] = [
  clients,
  recipients,
  postgres,
  nats,
  clickhouse,
  mail,
  features,
  bucket,
]

export function references(spec: BatchSenderSpec): readonly Reference[] {
  return connections.flatMap((connection) => connection.references(spec))
}

export function workerSettings(snapshot: Snapshot): Partial<WorkerSettingsInput> {
  const each = connections.map((connection) => connection.settings?.(snapshot) ?? {})
  return Object.assign({}, ...each) as Partial<WorkerSettingsInput>
}

/** In the order of the settings, whatever the order of the parties. */
export function workerSecrets(snapshot: Snapshot): readonly (readonly [SecretSetting, SecretKey])[] {
  const each = connections.map((connection) => connection.secrets?.(snapshot) ?? {})
  const all = Object.assign({}, ...each) as Partial<Record<SecretSetting, SecretKey>>
  return SECRET_SETTINGS.flatMap((setting) => {
    const key = all[setting]
    return key ? [[setting, key] as const] : []
  })
}

export function workerFiles(sender: Sender): readonly Raw<V1Volume>[] {
  return connections.flatMap((connection) => connection.files?.(sender) ?? [])
}

/** Ways to what is outside, by whom they are dialled. */
export const WAYS: readonly Way[] = connections.flatMap(({ way }) => way ?? [])

export function wayTo(destination: Outside): Way {
  const found = WAYS.find((way) => way.destination === destination)
  if (!found) throw new Error(`no connection is the destination ${destination}`)
  return found
}
