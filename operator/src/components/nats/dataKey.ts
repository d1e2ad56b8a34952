/**
 * The key that JetStream encrypts its volumes with: two Secrets with the same key, so that one can be lost. It is made
 * once, before the first volume; after that a key that is gone cannot be made again, only brought back.
 */
import type { DataKeyFacts, Snapshot } from '../snapshot.ts'
import type { DesiredKey, SecretIdentity } from '../desired.ts'
import type { StatefulSetManifest } from '../parts/manifests.ts'
import { childOf } from '../snapshot.ts'
import { childName, labels, retainedLabels } from '../parts/labels.ts'
import { natsNodes } from '../parts/natsTopology.ts'
import { DATA_KEY, DATA_KEY_ID } from '../../vocabulary/dataKey.ts'
import { StatefulSet } from '../../vocabulary/kinds.ts'

const PART = 'nats'

export type DataKey =
  | { readonly state: 'off' }
  /** `id` tells one key from another and is no help in finding it. */
  | { readonly state: 'good'; readonly id: string; readonly wishes: readonly DesiredKey[] }
  | { readonly state: 'making'; readonly wishes: readonly DesiredKey[] }
  | { readonly state: 'lost'; readonly message: string }

export const dataKeySecrets = (sender: Snapshot['sender']) => ({
  first: childName(sender, 'nats-data-key'),
  second: childName(sender, 'nats-data-key-copy'),
})

export function dataKey(snapshot: Snapshot): DataKey {
  const { sender, secrets } = snapshot
  if (sender.spec.nats.managed?.encryption?.enabled !== true) return { state: 'off' }
  const { first, second } = dataKeySecrets(sender)
  const keys = { first: keyIn(secrets.get(first)), second: keyIn(secrets.get(second)) }
  const id = keys.first?.id ?? keys.second?.id
  if (id === undefined) return { state: 'making', wishes: [newKey(snapshot, first)] }
  if (keys.first && keys.second && keys.first.id !== keys.second.id)
    return {
      state: 'lost',
      message: `Secrets ${first} and ${second} hold different keys: put the one that the volumes were written with into both`,
    }
  const used = usedKey(snapshot)
  if (used !== undefined && used !== id)
    return {
      state: 'lost',
      message: `the volumes of NATS were written with another key than the one in Secrets ${first} and ${second}: put that one back into both`,
    }
  const wishes = [
    ...(needsCopy(snapshot, first) ? [copyOf(snapshot, second, first)] : []),
    ...(needsCopy(snapshot, second) ? [copyOf(snapshot, first, second)] : []),
  ]
  return { state: 'good', id, wishes }
}

function keyIn(facts: { readonly dataKey?: DataKeyFacts; readonly deleting: boolean } | undefined) {
  return facts?.deleting === false ? facts.dataKey : undefined
}

/** Without its key, or held by an owner whose end it should outlive, or the other way round. */
function needsCopy(snapshot: Snapshot, name: string): boolean {
  const facts = snapshot.secrets.get(name)
  if (!keyIn(facts)) return true
  return (facts?.controllerUid !== undefined) !== identity(snapshot, name).owned
}

/** What the pods were last started with. */
function usedKey(snapshot: Snapshot): string | undefined {
  const set = childOf<StatefulSetManifest>(snapshot, StatefulSet, childName(snapshot.sender, PART))
  return set?.spec?.template.metadata?.annotations?.[DATA_KEY_ID]
}

function newKey(snapshot: Snapshot, name: string): DesiredKey {
  const volumes = natsNodes(snapshot.sender).map((node) => `data-${node}`)
  return {
    type: 'key',
    key: DATA_KEY,
    secret: identity(snapshot, name),
    source: { from: 'random', sizeBytes: 32, unlessVolumes: volumes },
  }
}

function copyOf(snapshot: Snapshot, from: string, name: string): DesiredKey {
  return {
    type: 'key',
    key: DATA_KEY,
    secret: identity(snapshot, name),
    source: { from: 'secret', name: from },
  }
}

function identity({ sender }: Snapshot, name: string): SecretIdentity {
  const owned = sender.spec.deletionPolicy === 'Delete'
  return {
    name,
    namespace: sender.namespace,
    labels: owned ? labels(sender, PART) : retainedLabels(sender, PART),
    owned,
  }
}
