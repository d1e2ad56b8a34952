/** Server-side apply under the rules of ownership: never take over, never resurrect, never write what is there. */
import type { KubernetesObject, OwnerReference, Resource } from './object.ts'
import type { Metrics } from './metrics.ts'
import type { Store } from './store.ts'
import type { Transport } from './transport.ts'
import { ApiError } from './errors.ts'
import { isApplied } from './managedFields.ts'
import { controllerOf, joinKey, pathOf } from './object.ts'
import { APPLY_PATCH } from './transport.ts'

/** Fields of ours that another manager had changed. */
export interface Contested {
  readonly manager: string
  readonly paths: readonly string[]
}

export type ApplyOutcome =
  | { readonly state: 'unchanged'; readonly object: KubernetesObject }
  | {
      readonly state: 'created' | 'updated'
      readonly object: KubernetesObject
      readonly contested?: readonly Contested[]
    }
  /** Somebody else's; nothing was written. */
  | { readonly state: 'foreign'; readonly holder: string }
  /** Being deleted: waited for, not fought. */
  | { readonly state: 'terminating' }

export interface ApplierOptions {
  readonly transport: Transport
  readonly fieldManager: string
  readonly storeOf: (resource: Resource) => Store
  readonly metrics?: Pick<Metrics, 'applies'>
}

export class Applier {
  readonly #options: ApplierOptions

  constructor(options: ApplierOptions) {
    this.#options = options
  }

  /** @throws ApiError when the server refuses, and when the object changed under our hands (409 on its uid). */
  async apply(
    resource: Resource,
    desired: KubernetesObject,
    owner: OwnerReference,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome> {
    const outcome = await this.#apply(resource, desired, owner, signal)
    const result = outcome.state === 'unchanged' ? 'skipped' : outcome.state
    this.#options.metrics?.applies.inc({ kind: resource.kind, result })
    return outcome
  }

  async #apply(
    resource: Resource,
    desired: KubernetesObject,
    owner: OwnerReference,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome> {
    const live = await this.#live(resource, desired, owner, signal)
    if (!live) return this.#create(resource, desired, owner, signal)
    const holder = foreignHolder(live, owner)
    if (holder !== undefined) return { state: 'foreign', holder }
    if (live.metadata.deletionTimestamp !== undefined) return { state: 'terminating' }
    if (isApplied(live, desired, this.#options.fieldManager)) return { state: 'unchanged', object: live }
    return this.#update(resource, desired, live, signal)
  }

  /** Deletes what `owner` controls. @returns false when there was nothing of its to delete. */
  async remove(
    resource: Resource,
    namespace: string,
    name: string,
    owner: OwnerReference,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const live = this.#options.storeOf(resource).get(joinKey(namespace, name))
    if (!live || controllerOf(live)?.uid !== owner.uid || live.metadata.deletionTimestamp !== undefined)
      return false
    try {
      await this.#options.transport.request({
        method: 'DELETE',
        path: pathOf(resource, namespace, name),
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy: 'Background',
          preconditions: { uid: live.metadata.uid },
        },
        ...(signal && { signal }),
      })
      return true
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false
      throw error
    }
  }

  /** A cache of what carries our labels cannot tell that a name is free, so an absence is asked for. */
  async #live(
    resource: Resource,
    { metadata }: KubernetesObject,
    owner: OwnerReference,
    signal?: AbortSignal,
  ): Promise<KubernetesObject | undefined> {
    const known = this.#options.storeOf(resource).get(joinKey(metadata.namespace, metadata.name))
    if (known && controllerOf(known)?.uid === owner.uid) return known
    return read(this.#options.transport, resource, metadata.namespace, metadata.name, signal)
  }

  async #create(
    resource: Resource,
    desired: KubernetesObject,
    owner: OwnerReference,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome> {
    const { status, body } = await this.#patch(resource, desired, false, signal)
    if (status === 201) return this.#written(resource, body, 'created')
    // Somebody made it between our question and our write, which may have been theirs to refuse.
    const holder = foreignHolder(body, owner)
    if (holder !== undefined) return { state: 'foreign', holder }
    return this.#written(resource, body, 'updated')
  }

  async #update(
    resource: Resource,
    desired: KubernetesObject,
    live: KubernetesObject,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome> {
    const { uid } = live.metadata
    // The uid makes a late write fail rather than bring a deleted object back.
    const pinned = { ...desired, metadata: { ...desired.metadata, ...(uid !== undefined && { uid }) } }
    try {
      const { body } = await this.#patch(resource, pinned, false, signal)
      return this.#written(resource, body, 'updated')
    } catch (error) {
      const contested = contestedFields(error)
      if (contested.length === 0) throw error
      const { body } = await this.#patch(resource, pinned, true, signal)
      return { ...this.#written(resource, body, 'updated'), contested }
    }
  }

  #patch(resource: Resource, body: KubernetesObject, force: boolean, signal?: AbortSignal) {
    const { fieldManager, transport } = this.#options
    return transport.request<KubernetesObject>({
      method: 'PATCH',
      path: pathOf(resource, body.metadata.namespace, body.metadata.name),
      query: { fieldManager, fieldValidation: 'Strict', ...(force && { force: 'true' }) },
      contentType: APPLY_PATCH,
      body,
      ...(signal && { signal }),
    })
  }

  #written<State extends 'created' | 'updated'>(resource: Resource, object: KubernetesObject, state: State) {
    this.#options.storeOf(resource).overlay(object)
    return { state, object }
  }
}

/** @returns the object as the server has it; `undefined` only when the server says that there is none. */
export async function read(
  transport: Transport,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  signal?: AbortSignal,
): Promise<KubernetesObject | undefined> {
  try {
    const path = pathOf(resource, namespace, name)
    const { body } = await transport.request<KubernetesObject>({
      method: 'GET',
      path,
      ...(signal && { signal }),
    })
    return body
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

/** Whose an object is, when it is not ours. */
export function foreignHolder(live: KubernetesObject, owner: OwnerReference): string | undefined {
  const controller = controllerOf(live)
  if (controller?.uid === owner.uid) return undefined
  if (!controller) return 'nobody that we know'
  if (controller.kind === owner.kind && controller.name === owner.name)
    return `an earlier ${controller.kind} of that name, which is being deleted`
  return `${controller.kind} ${controller.name}`
}

/** Managers and paths out of a 409 answer to an unforced apply; empty when it is another conflict. */
function contestedFields(error: unknown): readonly Contested[] {
  if (!(error instanceof ApiError) || error.status !== 409) return []
  const paths = new Map<string, string[]>()
  for (const { reason, message, field } of error.causes) {
    if (reason !== 'FieldManagerConflict') continue
    const manager = /conflict with "([^"]+)"/.exec(message ?? '')?.[1] ?? 'unknown'
    paths.set(manager, [...(paths.get(manager) ?? []), field ?? ''])
  }
  return [...paths].map(([manager, fields]) => ({ manager, paths: fields.sort() }))
}
