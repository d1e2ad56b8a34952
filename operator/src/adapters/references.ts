/** The user's Secrets, read by name: which keys they have, and a fingerprint of each that tells nothing else. */
import { createHmac } from 'node:crypto'
import type { ReferenceFacts, Sender } from '../components/snapshot.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import type { Transport } from '../runtime/transport.ts'
import { ApiError } from '../runtime/errors.ts'
import { FINGERPRINT_KEY, fingerprintSecret } from '../vocabulary/fingerprint.ts'
import { Secret } from '../vocabulary/kinds.ts'
import { read } from '../runtime/read.ts'
import { certificateFacts } from './certificateFacts.ts'
import { originOf } from './secretOrigin.ts'
import { decode } from './secretProjection.ts'

type Data = Readonly<Record<string, string>>

/** A Secret that was found is believed for this long; one that is missing is asked for every time. */
const BELIEVED_MS = 15_000

interface Remembered {
  readonly readAt: number
  readonly facts: ReferenceFacts
}

export class References {
  readonly #transport: Transport
  readonly #remembered = new Map<string, { uid: string; secrets: Map<string, Remembered> }>()

  readonly #databases: (url: string, namespace: string) => readonly string[]

  /** @param databases fingerprints of the databases that an address means */
  constructor(transport: Transport, databases: (url: string, namespace: string) => readonly string[]) {
    this.#transport = transport
    this.#databases = databases
  }

  async read(
    sender: Sender,
    names: readonly string[],
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<Map<string, ReferenceFacts>> {
    const key = `${sender.namespace}/${sender.name}`
    const last = this.#remembered.get(key)
    // Another object under the same name has another key for its fingerprints.
    const known = last?.uid === sender.uid ? last.secrets : new Map<string, Remembered>()
    const now = performance.now()
    const stale = names.filter((name) => {
      const last = known.get(name)
      return fresh || !last?.facts.found || now - last.readAt > BELIEVED_MS || !isFingerprinted(last.facts)
    })
    if (stale.length > 0) {
      const secret = await this.#fingerprintKey(sender, signal)
      const read = await Promise.all(stale.map((name) => this.#one(sender.namespace, name, secret, signal)))
      stale.forEach((name, index) => known.set(name, { readAt: now, facts: read[index] ?? { found: false } }))
    }
    const secrets = new Map([...known].filter(([name]) => names.includes(name)))
    this.#remembered.set(key, { uid: sender.uid, secrets })
    return new Map(names.map((name) => [name, known.get(name)?.facts ?? { found: false }]))
  }

  /** @param key `namespace/name` of the BatchSender */
  forget(key: string): void {
    this.#remembered.delete(key)
  }

  async #one(
    namespace: string,
    name: string,
    secret: Buffer | undefined,
    signal: AbortSignal,
  ): Promise<ReferenceFacts> {
    let object: KubernetesObject | undefined
    try {
      object = await read(this.#transport, Secret, namespace, name, signal)
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return { found: false, fault: error.message }
      throw error
    }
    if (!object) return { found: false }
    const data = (object['data'] ?? {}) as Data
    const certificate = certificateFacts(
      decode(data, 'tls.crt'),
      decode(data, 'tls.key'),
      decode(data, 'ca.crt'),
    )
    const databases = ['url', 'directUrl'].flatMap((key) =>
      this.#databases(decode(data, key) ?? '', namespace),
    )
    const origin = originOf(object)
    return {
      found: true,
      ...(origin && { origin }),
      ...(databases.length > 0 && { databases }),
      keys: Object.keys(data).sort(),
      fingerprints: secret ? fingerprints(data, secret) : {},
      ...(certificate && { certificate }),
    }
  }

  async #fingerprintKey({ namespace, name }: Sender, signal: AbortSignal): Promise<Buffer | undefined> {
    const object = await read(this.#transport, Secret, namespace, fingerprintSecret(name), signal)
    const key = (object?.['data'] as Data | undefined)?.[FINGERPRINT_KEY]
    return key === undefined ? undefined : Buffer.from(key, 'base64')
  }
}

function isFingerprinted(facts: ReferenceFacts & { found: true }): boolean {
  return facts.keys.length === Object.keys(facts.fingerprints).length
}

function fingerprints(data: Data, secret: Buffer): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      createHmac('sha256', secret).update(`${key}\n${value}`).digest('hex').slice(0, 32),
    ]),
  )
}
