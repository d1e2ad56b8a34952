/** The provider's rate as one worker sees it: tokens leased in small lots from the bucket that all workers share. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rate } from './ports.ts'

export interface Lease {
  /** Tokens taken out of the bucket; 0 when it is empty, or closed. */
  readonly granted: number
  /** Of all workers together; undefined when nobody limits it. */
  readonly perSecond: number | undefined
  /** For how long nothing will be granted. */
  readonly closedMs: number
}

export interface TokenBucket {
  lease(limit: number): Promise<Lease>
  /** The provider says how much it takes. */
  learn(perSecond: number): Promise<void>
  /** The provider says that it was too much, and perhaps for how long it wants nothing. */
  slow(closedMs: number): Promise<void>
}

/** No limit that anybody shares. */
export const unlimited: Rate = {
  take: (limit) => Promise.resolve(limit),
  giveBack: () => undefined,
  learned: () => undefined,
  refused: () => undefined,
}

const UNLIMITED_LOT = 100
const LONGEST_WAIT_MS = 1_000

/** @param onError told when the bucket could not be told what the provider said */
export function sharedRate(bucket: TokenBucket, onError: (error: unknown) => void): Rate {
  let lot = 1
  let kept = 0
  let known: number | undefined
  let turn: Promise<unknown> = Promise.resolve()
  const slowing = once(onError)
  const learning = once(onError)

  const take = async (limit: number, signal: AbortSignal): Promise<number> => {
    while (kept === 0 && !signal.aborted) {
      const { granted, perSecond, closedMs } = await bucket.lease(lot)
      kept = granted
      lot = perSecond === undefined ? UNLIMITED_LOT : Math.max(1, Math.floor(perSecond / 10))
      const waitMs = Math.max(closedMs, perSecond === undefined ? 0 : (1_000 * lot) / perSecond)
      if (kept === 0) {
        await sleep(Math.min(LONGEST_WAIT_MS, waitMs), undefined, { signal }).catch(() => undefined)
      }
    }
    const granted = Math.min(kept, limit)
    kept -= granted
    return granted
  }

  return {
    take: (limit, signal) => {
      const mine = turn.then(() => take(limit, signal))
      turn = mine.catch(() => undefined)
      return mine
    },
    giveBack: (count) => {
      kept += count
    },
    learned: (perSecond) => {
      if (perSecond === known) return
      learning(async () => {
        await bucket.learn(perSecond)
        known = perSecond
      })
    },
    refused: (closedMs = 0) => {
      kept = 0
      slowing(() => bucket.slow(closedMs))
    },
  }
}

/** While one is under way, further ones say the same. */
function once(onError: (error: unknown) => void): (work: () => Promise<void>) => void {
  let isUnderWay = false
  return (work) => {
    if (isUnderWay) return
    isUnderWay = true
    void work()
      .catch(onError)
      .finally(() => {
        isUnderWay = false
      })
  }
}
