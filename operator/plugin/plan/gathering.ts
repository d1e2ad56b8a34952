/** The cluster as a rehearsal begins with it: what belongs to one BatchSender, read with the rights of the caller. */
import type { Installation, ReferenceFacts, SecretFacts, Sender } from '../../src/components/snapshot.ts'
import type { KubernetesObject, Resource } from '../../src/runtime/object.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Beginning, Rehearsed, Stage } from './world.ts'
import { projectPolicy, probingOf } from '../../src/adapters/probeRuns.ts'
import { References } from '../../src/adapters/references.ts'
import { projectSecret } from '../../src/adapters/secretProjection.ts'
import { components } from '../../src/components/index.ts'
import { dataKeySecrets } from '../../src/components/nats/dataKey.ts'
import { childName } from '../../src/components/parts/labels.ts'
import { references } from '../../src/components/connections/index.ts'
import { senderOf } from '../../src/reconcile/gather.ts'
import { isUnknownKind } from '../../src/runtime/errors.ts'
import { controllerOf } from '../../src/runtime/object.ts'
import { OPERATOR_NAMESPACE } from '../../src/settings.ts'
import { DATA_KEY, DATA_KEY_ID } from '../../src/vocabulary/dataKey.ts'
import { NetworkPolicy, Secret } from '../../src/vocabulary/kinds.ts'
import { CHILDREN_SELECTOR, OPERATOR, RETAINED_FOR } from '../../src/vocabulary/labels.ts'
import { isForbidden } from '../cluster/told.ts'
import { installationOf } from './installation.ts'

export interface Gathered {
  readonly beginning: Beginning
  readonly stage: Stage
  /** What could not be read, in words. */
  readonly unread: Set<string>
  /** Kinds of which nothing can be told. */
  readonly unlisted: ReadonlySet<string>
  /** Without these nobody knows which content of a Secret rolls what. */
  readonly readsSecrets: () => boolean
}

const SECRETS = 'Secrets: whatever follows from their content is supposed to stay as it is'

export async function gatherAll(cluster: Cluster, primary: KubernetesObject, now: Date): Promise<Gathered> {
  const sender = senderOf(primary)
  const unread = new Set<string>()
  const [missingKinds, unlisted] = [new Set<string>(), new Set<string>()]
  const children = new Map<string, KubernetesObject>()
  await Promise.all(
    ownedKinds().map(async (resource) => {
      const found = await listed(cluster, resource, { labels: CHILDREN_SELECTOR })
      if (found === 'unknown' && resource.optional === true) missingKinds.add(resource.kind)
      if (found === 'forbidden') unlisted.add(resource.kind)
      for (const object of typeof found === 'string' ? [] : found)
        if (controllerOf(object)?.uid === sender.uid)
          children.set(`${object.kind}/${object.metadata.name}`, object)
    }),
  )
  for (const kind of unlisted) unread.add(`objects of kind ${kind}: nothing is told of them`)
  const secrets = await secretsOf(cluster, sender)
  if (!secrets) unread.add(SECRETS)
  const policies = await listed(cluster, NetworkPolicy)
  const installation = await installationOf(cluster, keeperOf(sender), { sender, children }, unread)
  return {
    beginning: {
      primary,
      children,
      secrets: secrets ?? keysInUse(sender, children),
      missingKinds,
      probing: othersOf(sender, typeof policies === 'string' ? [] : policies),
      installation,
      now,
    },
    stage: stageOn(cluster, installation, unread),
    unread,
    unlisted,
    readsSecrets: () => !unread.has(SECRETS),
  }
}

/** Every kind that some component owns, once; Secrets are facts. */
function ownedKinds(): readonly Resource[] {
  const kinds = components.flatMap(({ owns }) => owns).filter(({ kind }) => kind !== Secret.kind)
  return [...new Map(kinds.map((kind) => [kind.kind, kind])).values()]
}

const keeperOf = ({ assignedTo, status }: Sender) => assignedTo ?? status.operator ?? OPERATOR_NAMESPACE

async function listed(
  cluster: Cluster,
  resource: Resource,
  selection: { readonly labels?: string } = {},
): Promise<readonly KubernetesObject[] | 'forbidden' | 'unknown'> {
  try {
    return await cluster.list(resource, cluster.namespace, selection)
  } catch (error) {
    if (isForbidden(error)) return 'forbidden'
    if (isUnknownKind(error)) return 'unknown'
    throw error
  }
}

/** @returns `undefined` where they may not be read */
async function secretsOf(
  cluster: Cluster,
  sender: Sender,
): Promise<ReadonlyMap<string, SecretFacts> | undefined> {
  const found = await listed(cluster, Secret, { labels: CHILDREN_SELECTOR })
  if (typeof found === 'string') return undefined
  const ours = found.filter(
    (object) =>
      controllerOf(object)?.uid === sender.uid || object.metadata.labels?.[RETAINED_FOR] === sender.name,
  )
  return new Map(ours.map((object) => [object.metadata.name, projectSecret(object).facts]))
}

function othersOf(sender: Sender, policies: readonly KubernetesObject[]) {
  const none = { controlledBy: () => [], values: () => [] }
  const others = { ...none, values: () => policies.map(projectPolicy) }
  return probingOf(sender, { jobs: none, pods: none, policies: others })
}

function stageOn(cluster: Cluster, { operatorNamespace }: Installation, unread: Set<string>): Stage {
  const known = new References(cluster.transport, () => [])
  return {
    rehearse: (resource, wish, isKnown) => rehearsed(cluster, resource, wish, isKnown),
    async references(sender, names) {
      const facts = await known.read(sender, names, false, cluster.signal).catch((error: unknown) => {
        if (!isForbidden(error)) throw error
        return new Map<string, ReferenceFacts>()
      })
      return new Map(names.map((name) => [name, readOr(sender, name, facts.get(name), unread)]))
    },
    async isThere(resource, name) {
      try {
        return (await cluster.get(resource, name)) !== undefined
      } catch (error) {
        if (!isForbidden(error)) throw error
        unread.add(`${resource.kind} ${name}, asked for by the operator in ${operatorNamespace}`)
        return false
      }
    },
  }
}

/** Before there is a key for them, as of a BatchSender that is new, any will do that are not the same. */
function withFingerprints(name: string, facts: ReferenceFacts & { readonly found: true }): ReferenceFacts {
  const fingerprints = Object.fromEntries(facts.keys.map((key) => [key, `${name}/${key}`]))
  return { ...facts, fingerprints: { ...fingerprints, ...facts.fingerprints } }
}

/** What may not be read is supposed to have every key that it needs, whatever is in it. */
function readOr(
  { spec }: Sender,
  name: string,
  facts: ReferenceFacts | undefined,
  unread: Set<string>,
): ReferenceFacts {
  if (facts?.found === true) return withFingerprints(name, facts)
  if (facts?.fault === undefined && facts !== undefined) return facts
  unread.add(SECRETS)
  const keys = references(spec)
    .filter(({ secret }) => secret === name)
    .flatMap(({ required }) => required)
  const known = keys.length === 0 ? ['some'] : [...new Set(keys)].sort()
  return {
    found: true,
    keys: known,
    fingerprints: Object.fromEntries(known.map((key) => [key, `${name}/${key}`])),
  }
}

async function rehearsed(
  cluster: Cluster,
  resource: Resource,
  wish: KubernetesObject,
  isKnown: boolean,
): Promise<Rehearsed> {
  try {
    const present = isKnown ? undefined : await cluster.get(resource, wish.metadata.name)
    if (present) {
      const { kind = 'nobody', name = '' } = controllerOf(present) ?? {}
      return { state: 'taken', holder: `${kind} ${name}`.trim() }
    }
    const object = await cluster.dryApply(resource, wish, { manager: OPERATOR, force: true })
    return { state: 'answered', object: { ...object, apiVersion: wish.apiVersion, kind: wish.kind } }
  } catch (error) {
    if (isForbidden(error)) return { state: 'forbidden' }
    throw error
  }
}

/** Where Secrets may not be read: the key that the volumes were written with is supposed to be there. */
function keysInUse(
  sender: Sender,
  children: ReadonlyMap<string, KubernetesObject>,
): ReadonlyMap<string, SecretFacts> {
  const set = children.get(`StatefulSet/${childName(sender, 'nats')}`)
  const { template } = (set?.['spec'] ?? {}) as { template?: { metadata?: KubernetesObject['metadata'] } }
  const id = template?.metadata?.annotations?.[DATA_KEY_ID]
  if (id === undefined) return new Map()
  const owner = sender.spec.deletionPolicy === 'Delete' ? { controllerUid: sender.uid } : {}
  const facts = { keys: [DATA_KEY], dataKey: { id }, deleting: false, retainedFor: sender.name, ...owner }
  return new Map(Object.values(dataKeySecrets(sender)).map((name) => [name, facts]))
}
