/**
 * The keys that SNS signs with, by the URL of their certificate: fetched once, few kept. URLs that are not known yet
 * are rationed, since anybody can name one.
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
  readonly onFailed: (error: unknown, url: string) => void
}

export interface SigningKey {
  readonly key: KeyObject
  readonly expiresAt: Date
}

const KEPT = 16
/** Fetches of URLs not known: so many at once, then one each `REFILL_MS`. */
export const RATION = 10
export const REFILL_MS = 6_000

export function signingKeys(options: SigningKeysOptions): SigningKeys {
  const { fetchCertificate, parse, now, onFailed } = options
  const kept = new Map<string, SigningKey>()
  const underWay = new Map<string, Promise<Verification<KeyObject>>>()
  const isAllowed = ration(now)

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
    keyOf: (url) => {
      const found = known(url)
      if (found !== undefined) {
        keep(url, found)
        return Promise.resolve({ kind: 'genuine', value: found.key })
      }
      const fetching = underWay.get(url)
      if (fetching !== undefined) return fetching
      if (!isAllowed()) return Promise.resolve(unavailable('too many certificates were asked for'))
      const started = fetchKey(url)
      underWay.set(url, started)
      return started
    },
  }
}

function ration(now: () => Date): () => boolean {
  let left = RATION
  let countedAt = now().getTime()
  return () => {
    const refills = Math.floor((now().getTime() - countedAt) / REFILL_MS)
    left = Math.min(RATION, left + refills)
    countedAt += refills * REFILL_MS
    if (left === 0) return false
    left -= 1
    return true
  }
}
