/** Generated Secrets: certificates and keys, made when the plan asks for them and never kept in memory. */
import { randomBytes } from 'node:crypto'
import type { DesiredCertificate, DesiredKey, SecretIdentity } from '../components/desired.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import type { Outcome } from '../reconcile/ports.ts'
import type { SecretObject, SecretOutcome } from '../runtime/generatedSecret.ts'
import type { Store } from '../runtime/store.ts'
import type { Transport } from '../runtime/transport.ts'
import type { Claim } from '../runtime/ownership.ts'
import { MANAGED_BY, OPERATOR, RETAINED_FOR } from '../vocabulary/labels.ts'
import { isUsableKey } from '../vocabulary/dataKey.ts'
import { PersistentVolumeClaim, Secret } from '../vocabulary/kinds.ts'
import { read } from '../runtime/read.ts'
import { keepSecret } from '../runtime/generatedSecret.ts'
import { waitFor } from '../runtime/going.ts'
import { controllerOf } from '../runtime/object.ts'
import { Waiting } from '../runtime/errors.ts'
import { makeCa, makeLeaf, trustOf } from './certificateAuthority.ts'
import { certificateFacts } from './certificateFacts.ts'
import { decode } from './secretProjection.ts'
import { parseKey } from './trust.ts'

type Content = Readonly<Record<string, string>>

export class GeneratedSecrets {
  readonly #transport: Transport
  readonly #store: Store
  readonly #now: () => Date

  constructor(transport: Transport, store: Store, now: () => Date) {
    this.#transport = transport
    this.#store = store
    this.#now = now
  }

  async issueCertificate(wish: DesiredCertificate, claim: Claim, signal: AbortSignal): Promise<Outcome> {
    const make = (live: SecretObject | undefined) => this.#certificate(wish, live, signal)
    return this.#keep(wish.secret, 'kubernetes.io/tls', claim, make, signal)
  }

  async #certificate(
    { request, secret }: DesiredCertificate,
    live: SecretObject | undefined,
    signal: AbortSignal,
  ): Promise<Content> {
    const now = this.#now()
    if (request.role === 'ca') return makeCa(request, now, reusableKey(live))
    const issuer = await this.#issuer(secret.namespace, request.issuerSecret, signal)
    const held = (name: string) => decode(live?.data, name) ?? ''
    const [certificate, key, trusted] = [held('tls.crt'), held('tls.key'), held('ca.crt')]
    if (request.role === 'trust')
      return { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': trustOf(issuer, now, trusted) }
    // Those who have not heard of another CA yet show certificates of the one before.
    const signer = certificateFacts(certificate, key, trusted)?.issuerKeyHash
    const isOther = signer !== certificateFacts(issuer.certificate, undefined, undefined)?.keyHash
    const keepsTrust = isOther && request.keepsTrust !== false
    return makeLeaf(request, issuer, now, keepsTrust ? trusted : '')
  }

  async makeKey(wish: DesiredKey, claim: Claim, signal: AbortSignal): Promise<Outcome> {
    const { source, secret, key } = wish
    const volume =
      source.from === 'random'
        ? await this.#firstThere(secret.namespace, source.unlessVolumes ?? [], signal)
        : undefined
    if (volume !== undefined && !(await this.#isThere(wish, signal))) return lost(wish, volume, claim.name)
    const make = async (live: SecretObject | undefined): Promise<Content | undefined> => {
      if (isUsableKey(decode(live?.data, key))) return undefined
      return {
        [key]:
          source.from === 'random' ? newKey(source.sizeBytes) : await this.#key(wish, source.name, signal),
      }
    }
    return this.#keep(secret, 'Opaque', claim, make, signal)
  }

  /** Somebody may have brought it back without the label that the watch goes by. */
  async #isThere({ secret, key }: DesiredKey, signal: AbortSignal): Promise<boolean> {
    const live = await read(this.#transport, Secret, secret.namespace, secret.name, signal)
    return isUsableKey(decode(live?.['data'] as Content | undefined, key))
  }

  /** Asks the server, not the cache: what hangs on the answer cannot be undone. */
  async #firstThere(
    namespace: string,
    volumes: readonly string[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    for (const name of volumes)
      if (await read(this.#transport, PersistentVolumeClaim, namespace, name, signal)) return name
    return undefined
  }

  async #key({ secret, key }: DesiredKey, from: string, signal: AbortSignal): Promise<string> {
    const source = await read(this.#transport, Secret, secret.namespace, from, signal)
    const text = decode(source?.['data'] as Content | undefined, key)
    if (!isUsableKey(text)) throw new Waiting(`Secret ${from} has no key`, 1_000)
    return text
  }

  async #keep(
    identity: SecretIdentity,
    type: string,
    { adoptsOrphans = false, ...owner }: Claim,
    make: (live: SecretObject | undefined) => Promise<Content | undefined>,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const what = `Secret ${identity.name}`
    const outcome = await keepSecret(
      this.#transport,
      {
        ...identity,
        type,
        claimedBy: owner,
        adoptsOrphans,
        manager: OPERATOR,
        ...(identity.owned && { owner }),
        adoptable: (live) => isRetainedFor(live, owner.name),
        content: async (live) => encode(await make(live)),
      },
      signal,
    )
    if ('object' in outcome) this.#store.overlay(outcome.object)
    return outcomeOf(outcome, what, this.#now())
  }

  /** The private key of the CA is read for one signature and forgotten. */
  async #issuer(namespace: string, name: string, signal: AbortSignal) {
    const secret = await read(this.#transport, Secret, namespace, name, signal)
    const data = secret?.['data'] as Content | undefined
    const certificate = decode(data, 'tls.crt')
    const key = decode(data, 'tls.key')
    const roots = decode(data, 'ca.crt')
    if (certificate === undefined || key === undefined) throw new Waiting(`Secret ${name} has no CA`, 1_000)
    return { certificate, key, ...(roots !== undefined && { roots }) }
  }
}

/** Begins with a letter: where a number can stand, a key of digits would be read as one. */
function newKey(sizeBytes: number): string {
  return `k${randomBytes(sizeBytes).toString('hex')}`
}

function lost({ secret }: DesiredKey, volume: string, sender: string): Outcome {
  return {
    state: 'refused',
    what: `Secret ${secret.name}`,
    message: `the key is gone and volume ${volume} was written with it: bring the Secret back with the labels ${MANAGED_BY}=${OPERATOR} and ${RETAINED_FOR}=${sender}, or delete the volumes and lose what is on them; docs/encryption.md has the commands`,
    invalid: false,
    reason: 'KeyLost',
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

/** The key of a CA that is only renewed; a broken one is not worth keeping, and one that we did not make cannot be. */
function reusableKey(live: SecretObject | undefined): string | undefined {
  const key = decode(live?.data, 'tls.key')
  const facts = certificateFacts(decode(live?.data, 'tls.crt'), key, decode(live?.data, 'ca.crt'))
  const isOurs = parseKey(key)?.asymmetricKeyDetails?.namedCurve === 'prime256v1'
  return facts?.isCa === true && facts.keyMatches && isOurs ? key : undefined
}

function isRetainedFor(live: KubernetesObject, name: string): boolean {
  return controllerOf(live) === undefined && live.metadata.labels?.[RETAINED_FOR] === name
}

function encode(content: Content | undefined): Content | undefined {
  if (!content) return undefined
  return Object.fromEntries(
    Object.entries(content).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
}
