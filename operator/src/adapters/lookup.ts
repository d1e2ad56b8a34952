/**
 * What names lead to, in time. The system's resolver may take the better part of a minute for a name when nobody
 * answers it, cannot be called off, and has four threads for the whole process: whoever asks for a name that is being
 * looked up waits for that answer instead of taking another thread, and nobody waits for ever.
 */
import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'

export type Lookup = (host: string) => Promise<LookupAddress[]>

const DEADLINE_MS = 4_000

/** @returns a Lookup that rejects with `ETIMEOUT` when there is no answer within `deadlineMs`. */
export function boundedLookup(
  resolve: Lookup = (host) => lookup(host, { all: true }),
  deadlineMs = DEADLINE_MS,
): Lookup {
  const underWay = new Map<string, Promise<LookupAddress[]>>()
  const join = (host: string) => {
    const present = underWay.get(host)
    if (present) return present
    const begun = resolve(host).finally(() => underWay.delete(host))
    underWay.set(host, begun)
    return begun
  }
  return async (host) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(Object.assign(new Error(`${host} did not resolve in time`), { code: 'ETIMEOUT' }))
      }, deadlineMs)
    })
    try {
      return await Promise.race([join(host), late])
    } finally {
      clearTimeout(timer)
    }
  }
}
