/**
 * The keys that SNS signs with, by the URL of their certificate: fetched once, few kept. URLs that are not known yet
 * are rationed, since anybody can name one; those that worked before, and those that are asked for again, have rations
 * of their own, so that a flood of made-up ones cannot use up theirs.
 */
import type { KeyObject } from 'node:crypto'
import type { SigningKeys } from './sns.ts'
import type { Verification } from './verification.ts'
import { unavailable } from './verification.ts'

export interface SigningKeysOptions {
  /** @throws when it cannot be had. */
  readonly fetchCertificate: (url: string) => Promise<string>
  /** @throws when it is not one of SNS, or not valid now. */
  readonly parse: (pem: string, now: Date) => SigningKey
  readonly now: () => Date
  /** Of a clock that nobody sets. */
  readonly elapsedMs: () => number
  readonly onFailed: (error: unknown, url: string) => void
}

export interface SigningKey {
  readonly key: KeyObject
  readonly expiresAt: Date
}

const KEPT = 16
/** Names remembered without their keys: SNS changes its certificate a few times a year, and repeats a message within seconds. */
const WORKED = 100
const ASKED = 2_000
/** Fetches of URLs not known: so many at once, then one each `REFILL_MS`. */
export const RATION = 10
export const REFILL_MS = 6_000

export interface KnownKeys extends SigningKeys {
  /** Of certificates whose keys are at hand. */
  urls(): readonly string[]
}

export function signingKeys(options: SigningKeysOptions): KnownKeys {
  const { fetchCertificate, parse, now, elapsedMs, onFailed } = options
  const kept = new Map<string, SigningKey>()
  const underWay = new Map<string, Promise<Verification<KeyObject>>>()
  const worked = new Names(WORKED)
  const asked = new Names(ASKED)
  const rations = { worked: ration(elapsedMs), again: ration(elapsedMs), strange: ration(elapsedMs) }

  const isAllowed = (url: string): boolean => {
    const wasAsked = asked.add(url)
    if (worked.has(url)) return rations.worked() || rations.again()
    return rations.strange() || (wasAsked && rations.again())
  }

  const known = (url: string): SigningKey | undefined => {
    const found = kept.get(url)
    return found !== undefined && found.expiresAt > now() ? found : undefined
  }
  const keep = (url: string, signingKey: SigningKey) => {
    kept.delete(url)
    kept.set(url, signingKey)
    const [longestUnused] = kept.keys()
    if (kept.size > KEPT && longestUnused !== undefined) kept.delete(longestUnused)
  }
  const fetchKey = async (url: string): Promise<Verification<KeyObject>> => {
    try {
      const signingKey = parse(await fetchCertificate(url), now())
      keep(url, signingKey)
      worked.add(url)
      return { kind: 'genuine', value: signingKey.key }
    } catch (error) {
      onFailed(error, url)
      return unavailable('the certificate cannot be had')
    } finally {
      underWay.delete(url)
    }
  }
  return {
    has: (url) => known(url) !== undefined,
    urls: () => [...kept.keys()].filter((url) => known(url) !== undefined),
    keyOf: (url) => {
      const found = known(url)
      if (found !== undefined) {
        keep(url, found)
        return Promise.resolve({ kind: 'genuine', value: found.key })
      }
      const fetching = underWay.get(url)
      if (fetching !== undefined) return fetching
      if (!isAllowed(url)) return Promise.resolve(unavailable('too many certificates were asked for'))
      const started = fetchKey(url)
      underWay.set(url, started)
      return started
    },
  }
}

function ration(elapsedMs: () => number): () => boolean {
  let left = RATION
  let countedAt = elapsedMs()
  return () => {
    const refills = Math.floor((elapsedMs() - countedAt) / REFILL_MS)
    left = Math.min(RATION, left + refills)
    countedAt += refills * REFILL_MS
    if (left <= 0) return false
    left -= 1
    return true
  }
}

/** So many names, those added last. */
class Names {
  readonly #most: number
  readonly #names = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** @returns whether it was there. */
  add(name: string): boolean {
    const wasThere = this.#names.delete(name)
    this.#names.add(name)
    const [oldest] = this.#names
    if (this.#names.size > this.#most && oldest !== undefined) this.#names.delete(oldest)
    return wasThere
  }
}
