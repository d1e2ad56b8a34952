/** Server-side apply under the rules of ownership: never take over, never resurrect, never write what is there. */
import type { KubernetesObject, OwnerReference, Resource } from './object.ts'
import type { Metrics } from './metrics.ts'
import type { Store } from './store.ts'
import type { Transport } from './transport.ts'
import type { Round } from './contests.ts'
import type { ApplyOutcome } from './applyOutcome.ts'
import type { Rewrite } from './rewrites.ts'
import { OutcomeCounts } from './applyOutcome.ts'
import { contestedFields, Patience } from './contests.ts'
import { differences } from './differences.ts'
import { goingOf } from './going.ts'
import { isConflict, Waiting } from './errors.ts'
import { heldByOthers } from './holders.ts'
import { standingOf } from './managedFields.ts'
import { controllerOf, joinKey, keyOf, pathOf } from './object.ts'
import type { Claim } from './ownership.ts'
import { foreignHolder, isLeftover, isOrphan } from './ownership.ts'
import { Rewrites } from './rewrites.ts'
import { read } from './read.ts'
import type { Removal } from './remove.ts'
import { removeControlled } from './remove.ts'
import { Recent } from './recent.ts'
import { Settled } from './settled.ts'
import { APPLY_PATCH } from './transport.ts'

/** Never the version of an object: etcd's first revision is the empty store. */
const NOT_THERE = '1'

const MOST_TAKEN = 4_096

export interface ApplierOptions {
  readonly transport: Transport
  readonly fieldManager: string
  readonly storeOf: (resource: Resource) => Store
  readonly metrics?: Pick<Metrics, 'applies'>
  readonly now?: () => number
}

export class Applier {
  readonly #options: ApplierOptions
  /** Names found taken: asked about before the next try, so that a refused write is not a habit. */
  readonly #taken = new Recent<string, true>(MOST_TAKEN)
  readonly #counts: OutcomeCounts | undefined
  readonly #patience: Patience
  readonly #settled = new Settled()
  readonly #rewrites: Rewrites

  constructor(options: ApplierOptions) {
    this.#options = options
    this.#counts = options.metrics && new OutcomeCounts(options.metrics)
    const now = options.now ?? (() => performance.now())
    this.#patience = new Patience(now)
    this.#rewrites = new Rewrites(now)
  }

  /**
   * @throws ApiError when the server refuses, and when the object changed under our hands (409 on its uid).
   * @throws Waiting when somebody keeps undoing it, until it is time to put it right once more.
   */
  async apply(
    resource: Resource,
    desired: KubernetesObject,
    claim: Claim,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome> {
    this.#counts?.begin(resource.kind)
    const outcome = await this.#apply(resource, desired, claim, signal)
    this.#counts?.add(resource.kind, outcome)
    return outcome
  }

  async #apply(
    resource: Resource,
    desired: KubernetesObject,
    claim: Claim,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome> {
    const known = this.#known(resource, desired, claim)
    if (known) return this.#bringUp(resource, desired, known, claim, signal)
    const key = `${resource.plural}/${keyOf(desired)}`
    const created = this.#taken.get(key) ? undefined : await this.#create(resource, desired, signal)
    if (created) return created
    const { name, namespace } = desired.metadata
    const live = await read(this.#options.transport, resource, namespace, name, signal)
    this.#taken.delete(key)
    // It was there a moment ago: the next pass finds the name free.
    if (!live) throw new Waiting('NameFreed', 0)
    const outcome = await this.#bringUp(resource, desired, live, claim, signal)
    if (outcome.state === 'foreign') this.#taken.set(key, true)
    return outcome
  }

  async #bringUp(
    resource: Resource,
    desired: KubernetesObject,
    live: KubernetesObject,
    owner: Claim,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome> {
    if (isLeftover(live, owner)) return goingOf(live)
    const holder = foreignHolder(live, owner)
    const orphaned = isOrphan(live, desired.metadata.labels, this.#options.fieldManager)
    if (holder !== undefined && !(orphaned && owner.adoptsOrphans === true))
      return { state: 'foreign', holder, orphaned }
    if (live.metadata.deletionTimestamp !== undefined) return goingOf(live)
    if (this.#isApplied(live, desired)) {
      this.#patience.settle(live.metadata.uid ?? '')
      this.#rewrites.forget(live.metadata.uid ?? '')
      return { state: 'unchanged', object: live }
    }
    const rewrite = this.#rewrites.standing(live, desired)
    if (rewrite) return { state: 'unchanged', object: live, rewrite }
    return this.#update(resource, desired, live, signal)
  }

  /** Deletes what `owner` controls. */
  remove(
    resource: Resource,
    namespace: string,
    name: string,
    owner: OwnerReference,
    signal?: AbortSignal,
  ): Promise<Removal> {
    const live = this.#options.storeOf(resource).get(joinKey(namespace, name))
    return removeControlled(this.#options.transport, resource, live, owner, signal)
  }

  /** What the cache has, if it is ours. That it has nothing says little: it sees only what carries our labels. */
  #known(resource: Resource, desired: KubernetesObject, owner: OwnerReference): KubernetesObject | undefined {
    const known = this.#options.storeOf(resource).get(keyOf(desired))
    return known && controllerOf(known)?.uid === owner.uid ? known : undefined
  }

  /**
   * Creates, or does nothing: a version that no object can have makes the server refuse to touch one that is there,
   * so no question before the write is needed and nothing can come between the two.
   * @returns `undefined` when the name is taken.
   */
  async #create(
    resource: Resource,
    desired: KubernetesObject,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome | undefined> {
    const absent = pinned(desired, { resourceVersion: NOT_THERE })
    try {
      const object = await this.#patch(resource, absent, false, signal)
      return { state: 'created', object, ...this.#settle(resource, desired, object) }
    } catch (error) {
      if (isConflict(error)) return undefined
      throw error
    }
  }

  async #update(
    resource: Resource,
    desired: KubernetesObject,
    live: KubernetesObject,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome> {
    const { uid = '' } = live.metadata
    const round = this.#patience.round(uid)
    const object = await this.#bringBack(resource, desired, live, round, signal)
    this.#patience.settle(uid)
    const settled = this.#settle(resource, desired, object, live.metadata.resourceVersion)
    // Whatever makes the two differ, writing it again would not help.
    const isWritten = object.metadata.resourceVersion !== live.metadata.resourceVersion && !settled.rewrite
    const contested = round.contested.length > 0 && { contested: round.contested }
    return { state: isWritten ? 'updated' : 'unchanged', object, ...settled, ...contested }
  }

  async #bringBack(
    resource: Resource,
    desired: KubernetesObject,
    live: KubernetesObject,
    round: Round,
    signal?: AbortSignal,
  ): Promise<KubernetesObject> {
    const { uid = '', resourceVersion = '' } = live.metadata
    const held = heldByOthers(live, desired, this.#options.fieldManager)
    if (held.length > 0) {
      round.add(held)
      try {
        // On the very version that was looked at, so that nothing is overruled unseen.
        return await this.#patch(resource, pinned(desired, { uid, resourceVersion }), true, signal)
      } catch (error) {
        if (!isConflict(error)) throw error
      }
    }
    // The uid makes a late write fail rather than bring a deleted object back.
    const own = pinned(desired, { uid })
    try {
      return await this.#patch(resource, own, false, signal)
    } catch (error) {
      const contested = contestedFields(error)
      if (contested.length === 0) throw error
      round.add(contested)
      return this.#patch(resource, own, true, signal)
    }
  }

  #isApplied(live: KubernetesObject, desired: KubernetesObject): boolean {
    const standing = standingOf(live, desired, this.#options.fieldManager)
    return standing === 'applied' || (standing === 'exceeded' && this.#settled.has(live, desired))
  }

  /** Apply itself refuses fields that the server does not know; validating would only parse the wish once more. */
  async #patch(
    resource: Resource,
    body: KubernetesObject,
    force: boolean,
    signal?: AbortSignal,
  ): Promise<KubernetesObject> {
    const { fieldManager, transport } = this.#options
    const answer = await transport.request<KubernetesObject>({
      method: 'PATCH',
      path: pathOf(resource, body.metadata.namespace, body.metadata.name),
      query: { fieldManager, fieldValidation: 'Ignore', ...(force && { force: 'true' }) },
      contentType: APPLY_PATCH,
      body,
      ...(signal && { signal }),
    })
    return answer.body
  }

  /** Takes an answer in, and notes where it is not what was asked for. */
  #settle(
    resource: Resource,
    desired: KubernetesObject,
    object: KubernetesObject,
    before?: string,
  ): { readonly rewrite?: Rewrite } {
    this.#options.storeOf(resource).overlay(object)
    const standing = standingOf(object, desired, this.#options.fieldManager)
    const isInVain = object.metadata.resourceVersion === before || differences(object, desired).length > 0
    if (standing === 'different' && isInVain) return { rewrite: this.#rewrites.add(object, desired) }
    if (standing === 'exceeded') this.#settled.add(object, desired)
    this.#rewrites.forget(object.metadata.uid ?? '')
    return {}
  }
}

function pinned(
  desired: KubernetesObject,
  to: Pick<KubernetesObject['metadata'], 'uid' | 'resourceVersion'>,
): KubernetesObject {
  return { ...desired, metadata: { ...desired.metadata, ...to } }
}
