/** Generated Secrets: kept when the plan asks for them; what they hold is never kept in memory. */
import type { Claim } from '../runtime/ownership.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import type { Outcome } from '../reconcile/ports.ts'
import type { SecretContent, SecretTool } from '../reconcile/tools.ts'
import type { SecretOutcome } from '../runtime/generatedSecret.ts'
import type { Store } from '../runtime/store.ts'
import type { Transport } from '../runtime/transport.ts'
import { OPERATOR, RETAINED_FOR } from '../vocabulary/labels.ts'
import { Secret } from '../vocabulary/kinds.ts'
import { read } from '../runtime/read.ts'
import { keepSecret } from '../runtime/generatedSecret.ts'
import { waitFor } from '../runtime/going.ts'
import { controllerOf } from '../runtime/object.ts'
import { decode } from './secretProjection.ts'

export class GeneratedSecrets implements SecretTool {
  readonly #transport: Transport
  readonly #store: Store
  readonly #now: () => Date

  constructor(transport: Transport, store: Store, now: () => Date) {
    this.#transport = transport
    this.#store = store
    this.#now = now
  }

  async read(namespace: string, name: string, signal: AbortSignal): Promise<SecretContent | undefined> {
    return contentOf(await read(this.#transport, Secret, namespace, name, signal))
  }

  async keep(
    identity: Parameters<SecretTool['keep']>[0],
    { adoptsOrphans = false, ...owner }: Claim,
    make: (held: SecretContent | undefined) => Promise<SecretContent | undefined>,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const what = `Secret ${identity.name}`
    const outcome = await keepSecret(
      this.#transport,
      {
        ...identity,
        claimedBy: owner,
        adoptsOrphans,
        manager: OPERATOR,
        ...(identity.owned && { owner }),
        adoptable: (live) => isRetainedFor(live, owner.name),
        content: async (live) => encode(await make(contentOf(live))),
      },
      signal,
    )
    if ('object' in outcome) this.#store.overlay(outcome.object)
    return outcomeOf(outcome, what, this.#now())
  }
}

function outcomeOf(outcome: SecretOutcome, what: string, now: Date): Outcome {
  switch (outcome.state) {
    case 'foreign':
      return { state: 'foreign', what, holder: outcome.holder, orphaned: outcome.orphaned }
    case 'terminating':
      return { state: 'waiting', what, ...waitFor(outcome, now) }
    case 'unchanged':
      return { state: 'unchanged' }
    case 'created':
    case 'updated':
      return { state: 'done', change: outcome.state, what }
  }
}

function isRetainedFor(live: KubernetesObject, name: string): boolean {
  return controllerOf(live) === undefined && live.metadata.labels?.[RETAINED_FOR] === name
}

function contentOf(live: KubernetesObject | undefined): SecretContent | undefined {
  const data = live?.['data'] as SecretContent | undefined
  return data && Object.fromEntries(Object.keys(data).map((key) => [key, decode(data, key) ?? '']))
}

function encode(content: SecretContent | undefined): SecretContent | undefined {
  if (!content) return undefined
  return Object.fromEntries(
    Object.entries(content).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
}
