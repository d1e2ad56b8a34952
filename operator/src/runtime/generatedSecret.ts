/** Secrets whose content we generate: created by POST, changed under their resource version, never forced. */
import type { KubernetesObject, OwnerReference, Resource } from './object.ts'
import type { Transport } from './transport.ts'
import { foreignHolder, isLeftover, isOrphan } from './ownership.ts'
import type { Going } from './going.ts'
import { goingOf } from './going.ts'
import { read } from './read.ts'
import { ApiError } from './errors.ts'
import { pathOf } from './object.ts'

const SECRET: Resource = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }

/** A Secret with its data, base64 as it travels. */
export type SecretObject = KubernetesObject & { readonly data?: Readonly<Record<string, string>> }

export interface SecretWish {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly type: string
  /** Absent for what outlives its owner. */
  readonly owner?: OwnerReference
  /** Whose it is; the name must be free or already this owner's. */
  readonly claimedBy: OwnerReference
  /** What has lost its owner may be taken back. */
  readonly adoptsOrphans: boolean
  /** The field manager of our writes, as the server names it. */
  readonly manager: string
  /** Whether an object without an owner was left behind by us and may be taken up again. */
  readonly adoptable: (live: KubernetesObject) => boolean
  /**
   * Makes the content.
   * @returns `undefined` when what is there is good already; only labels and owner are put right then.
   */
  readonly content: (live: SecretObject | undefined) => Promise<Readonly<Record<string, string>> | undefined>
}

export type SecretOutcome =
  | { readonly state: 'unchanged' | 'created' | 'updated'; readonly object: SecretObject }
  | { readonly state: 'foreign'; readonly holder: string; readonly orphaned: boolean }
  | Going

/** @throws ApiError 409 when somebody changed it meanwhile; the next pass reads it again. */
export async function keepSecret(
  transport: Transport,
  wish: SecretWish,
  signal?: AbortSignal,
): Promise<SecretOutcome> {
  const live = (await read(transport, SECRET, wish.namespace, wish.name, signal)) as SecretObject | undefined
  return live ? replace(transport, wish, live, signal) : create(transport, wish, signal)
}

async function create(transport: Transport, wish: SecretWish, signal?: AbortSignal): Promise<SecretOutcome> {
  const data = await wish.content(undefined)
  if (!data) throw new Error(`nothing to put into Secret ${wish.name}`)
  try {
    const { body } = await transport.request<SecretObject>({
      method: 'POST',
      path: pathOf(SECRET, wish.namespace),
      body: manifest(wish, data),
      ...(signal && { signal }),
    })
    return { state: 'created', object: body }
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error
    const winner = await read(transport, SECRET, wish.namespace, wish.name, signal)
    if (!winner) throw error
    return replace(transport, { ...wish, content: () => Promise.resolve(undefined) }, winner, signal)
  }
}

async function replace(
  transport: Transport,
  wish: SecretWish,
  live: SecretObject,
  signal?: AbortSignal,
): Promise<SecretOutcome> {
  if (isLeftover(live, wish.claimedBy)) return goingOf(live)
  const foreign = heldByAnother(live, wish)
  if (foreign) return foreign
  if (live.metadata.deletionTimestamp !== undefined) return goingOf(live)
  const data = await wish.content(live)
  if (data === undefined && isLabelled(live, wish)) return { state: 'unchanged', object: live }
  const { body } = await transport.request<SecretObject>({
    method: 'PUT',
    path: pathOf(SECRET, wish.namespace, wish.name),
    body: successor(manifest(wish, data ?? live.data ?? {}), live),
    ...(signal && { signal }),
  })
  return { state: 'updated', object: body }
}

function heldByAnother(live: SecretObject, wish: SecretWish): SecretOutcome | undefined {
  const holder = wish.adoptable(live) ? undefined : foreignHolder(live, wish.claimedBy)
  const orphaned = isOrphan(live, wish.labels, wish.manager)
  if (holder === undefined || (orphaned && wish.adoptsOrphans)) return undefined
  return { state: 'foreign', holder, orphaned }
}

/** The new content in the identity of the old: its type cannot change, and what others noted on it is not ours. */
function successor(wanted: SecretObject, live: SecretObject): SecretObject {
  const { uid, resourceVersion, annotations, finalizers, labels } = live.metadata
  return {
    ...wanted,
    type: live['type'] ?? wanted['type'],
    metadata: {
      ...wanted.metadata,
      labels: { ...labels, ...wanted.metadata.labels },
      ...(finalizers && { finalizers }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(annotations && { annotations }),
    },
  }
}

function manifest(wish: SecretWish, data: Readonly<Record<string, string>>): SecretObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: wish.type,
    metadata: {
      name: wish.name,
      namespace: wish.namespace,
      labels: wish.labels,
      ...(wish.owner && { ownerReferences: [wish.owner] }),
    },
    data,
  }
}

function isLabelled({ metadata }: SecretObject, wish: SecretWish): boolean {
  const labels = metadata.labels ?? {}
  return (
    Object.entries(wish.labels).every(([key, value]) => labels[key] === value) &&
    (metadata.ownerReferences?.[0]?.uid ?? undefined) === wish.owner?.uid
  )
}
