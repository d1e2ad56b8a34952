/**
 * The key that JetStream encrypts its volumes with: two Secrets with the same key, so that one can be lost. It is made
 * once, before the first volume; after that a key that is gone cannot be made again, only brought back.
 */
import type { DataKeyFacts, Snapshot } from '../snapshot.ts'
import type { DesiredKey } from '../wishes/key.ts'
import type { SecretIdentity } from '../wishes/secretIdentity.ts'
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
  const ids = [first, second].flatMap((name) => keyIn(secrets.get(name))?.id ?? [])
  const [id] = ids
  if (id === undefined) return { state: 'making', wishes: [newKey(snapshot, first)] }
  const message = contradiction(snapshot, ids)
  if (message !== undefined) return { state: 'lost', message }
  return {
    state: 'good',
    id,
    wishes: [...copied(snapshot, second, first), ...copied(snapshot, first, second)],
  }
}

/** Why what the Secrets hold cannot be the key of the volumes. */
function contradiction(snapshot: Snapshot, ids: readonly string[]): string | undefined {
  const { first, second } = dataKeySecrets(snapshot.sender)
  if (new Set(ids).size > 1)
    return `Secrets ${first} and ${second} hold different keys: put the one that the volumes were written with into both`
  const used = usedKey(snapshot)
  if (used === undefined || ids.includes(used)) return undefined
  return `the volumes of NATS were written with another key than the one in Secrets ${first} and ${second}: put that one back into both`
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

function copied(snapshot: Snapshot, from: string, name: string): readonly DesiredKey[] {
  if (!needsCopy(snapshot, name)) return []
  const wish: DesiredKey = {
    type: 'key',
    key: DATA_KEY,
    secret: identity(snapshot, name),
    source: { from: 'secret', name: from },
  }
  return [wish]
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
