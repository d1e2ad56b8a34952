/**
 * A copy of one BatchSender and what belongs to it, for passes of the operator's own pipeline of which nothing is kept:
 * the API server says by dry run what it would make of each write, controllers and NATS do what they should.
 */
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { Installation, ReferenceFacts, SecretFacts, Sender } from '../../src/components/snapshot.ts'
import type { Probing } from '../../src/components/networkPolicy/seen.ts'
import type { ApplyOutcome } from '../../src/runtime/applyOutcome.ts'
import type { Claim } from '../../src/runtime/ownership.ts'
import type { KubernetesObject, Resource } from '../../src/runtime/object.ts'
import type { Ports } from '../../src/reconcile/ports.ts'
import type { Tools } from '../../src/reconcile/tools.ts'
import type { Removal } from '../../src/runtime/remove.ts'
import { Failures } from '../../src/runtime/failures.ts'
import { standingOf } from '../../src/runtime/managedFields.ts'
import { keyOf } from '../../src/runtime/object.ts'
import { Repetitions } from '../../src/runtime/repetitions.ts'
import { digestOf } from '../../src/runtime/settled.ts'
import { OPERATOR } from '../../src/vocabulary/labels.ts'
import { isSame, withWish } from './compare.ts'
import { played } from './controllers.ts'
import { healthyEvidence } from './modelEvidence.ts'
import { ModelSecrets, requestAsContent } from './modelSecrets.ts'

/** What the API server would make of a write. */
export type Rehearsed =
  | { readonly state: 'answered'; readonly object: KubernetesObject }
  /** The caller may not ask. */
  | { readonly state: 'forbidden' }
  /** Somebody else has the name. */
  | { readonly state: 'taken'; readonly holder: string }

export interface Stage {
  /** @throws ApiError what the server refuses */
  rehearse(resource: Resource, wish: KubernetesObject, isKnown: boolean): Promise<Rehearsed>
  /** The user's Secrets. */
  references(sender: Sender, names: readonly string[]): Promise<ReadonlyMap<string, ReferenceFacts>>
  isThere(resource: Resource, name: string): Promise<boolean>
}

export interface Beginning {
  readonly primary: KubernetesObject
  /** `Kind/name` → object. */
  readonly children: ReadonlyMap<string, KubernetesObject>
  readonly secrets: ReadonlyMap<string, SecretFacts>
  readonly missingKinds: ReadonlySet<string>
  readonly probing: Probing
  readonly installation: Installation
  readonly now: Date
}

export interface Write {
  readonly change: 'created' | 'updated' | 'removed'
  readonly kind: string
  readonly name: string
}

export class World {
  readonly children: Map<string, KubernetesObject>
  readonly secrets: ModelSecrets
  readonly writes: Write[] = []
  /** Objects of which the caller may not ask the API server. */
  readonly unasked = new Set<string>()
  readonly #begun: Beginning
  readonly #stage: Stage
  readonly #wished = new Map<string, string>()
  #references = new Map<string, ReferenceFacts>()
  #primary: KubernetesObject

  constructor(begun: Beginning, stage: Stage) {
    this.#begun = begun
    this.#stage = stage
    this.#primary = begun.primary
    this.children = new Map(begun.children)
    this.secrets = new ModelSecrets(begun.secrets, (name) => this.#references.get(name))
  }

  get key(): string {
    return keyOf(this.#primary)
  }

  get status(): BatchSenderStatus {
    return this.#primary['status'] ?? {}
  }

  /** The object is edited: what the API server made of it, with the status that it has. */
  edit(edited: KubernetesObject): void {
    const { uid = edited.metadata.uid } = this.#primary.metadata
    const metadata = { ...edited.metadata, ...(uid !== undefined && { uid }) }
    this.#primary = { ...edited, metadata, status: this.#primary['status'] }
  }

  /** Controllers do their work. @returns whether there was any */
  play(): boolean {
    let isChanged = false
    for (const [key, child] of this.children) {
      const next = played(child)
      if (next === child) continue
      this.children.set(key, next)
      isChanged = true
    }
    return isChanged
  }

  ports(): Ports {
    const { now, installation, missingKinds, probing } = this.#begun
    return {
      now: () => now,
      installation,
      presence: () => Promise.resolve('gone'),
      primary: () => this.#primary,
      missingKinds: () => missingKinds,
      children: () => this.children,
      secrets: () => this.secrets.facts,
      probing: () => probing,
      runs: () => [],
      troubles: () => Promise.resolve([]),
      shared: () => [],
      references: async (sender, names) => {
        this.#references = new Map(await this.#stage.references(sender, names))
        return this.#references
      },
      evidence: (sender) => healthyEvidence(sender, installation, this.secrets.facts, now),
      tools: this.#tools(),
      repetitions: new Repetitions(() => 0),
      failures: new Failures(() => 0),
      ...IDLE,
      writeStatus: (_, status) => {
        this.#primary = { ...this.#primary, status }
        return Promise.resolve()
      },
    }
  }

  #tools(): Tools {
    const { now } = this.#begun
    return {
      cluster: {
        apply: (resource, wish, claim) => this.#apply(resource, wish, claim),
        remove: (resource, _, name) => Promise.resolve(this.#remove(resource, name)),
        isThere: (resource, _, name) => this.#stage.isThere(resource, name),
      },
      secrets: {
        read: (_, name) => Promise.resolve(this.secrets.heldIn(name)),
        keep: async (identity, claim, make) => {
          const outcome = await this.secrets.keep(identity, claim, make, now)
          if (outcome.state === 'done' && outcome.change !== 'requested')
            this.writes.push({ change: outcome.change, kind: 'Secret', name: identity.name })
          return outcome
        },
      },
      authority: { certify: (request) => Promise.resolve(requestAsContent(request)) },
      ...SERVERS,
    }
  }

  async #apply(resource: Resource, wish: KubernetesObject, claim: Claim): Promise<ApplyOutcome> {
    const key = `${wish.kind}/${wish.metadata.name}`
    const known = this.children.get(key)
    const digest = digestOf(wish)
    if (known && (this.#wished.get(key) === digest || standingOf(known, wish, OPERATOR) === 'applied')) {
      this.#wished.set(key, digest)
      return { state: 'unchanged', object: known }
    }
    const answer = await this.#stage.rehearse(resource, wish, known !== undefined)
    if (answer.state === 'taken') return { state: 'foreign', holder: answer.holder, orphaned: false }
    if (answer.state === 'forbidden') this.unasked.add(`${wish.kind} ${wish.metadata.name}`)
    this.#wished.set(key, digest)
    const made = answer.state === 'answered' ? answer.object : withWish(known, wish, claim)
    if (known && isSame(known, made)) return { state: 'unchanged', object: known }
    const object = followed(known, made)
    this.children.set(key, object)
    const state = known ? 'updated' : 'created'
    this.writes.push({ change: state, kind: wish.kind, name: wish.metadata.name })
    return { state, object }
  }

  #remove({ kind }: Resource, name: string): Removal {
    if (!this.children.delete(`${kind}/${name}`)) return { state: 'absent' }
    this.#wished.delete(`${kind}/${name}`)
    this.writes.push({ change: 'removed', kind, name })
    return { state: 'removed' }
  }
}

/** As if it had been written: another generation, and the status of before. */
function followed(known: KubernetesObject | undefined, made: KubernetesObject): KubernetesObject {
  const generation = (known?.metadata.generation ?? 0) + 1
  const uid = known?.metadata.uid ?? made.metadata.uid ?? `${made.kind}/${made.metadata.name}`
  const object = { ...made, metadata: { ...made.metadata, generation, uid } }
  const status = known?.['status']
  return status === undefined ? object : { ...object, status }
}

const nothing = () => undefined

const IDLE = {
  outdated: nothing,
  lookSoon: nothing,
  forget: nothing,
  attend: nothing,
  event: nothing,
} satisfies Partial<Ports>

/** Servers outside are neither asked nor told anything. */
const SERVERS: Pick<Tools, 'clickhouse' | 'nats'> = {
  clickhouse: { run: () => Promise.resolve(undefined) },
  nats: {
    jetstream: (_, ask) =>
      ask({
        request: () => Promise.resolve({}),
        streamInfo: () => Promise.resolve(undefined),
        consumerInfo: () => Promise.resolve(undefined),
      }),
    askNode: () => Promise.resolve({}),
  },
}
