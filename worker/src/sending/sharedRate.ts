/** The provider's rate as one worker sees it: tokens leased in small lots from the bucket that all workers share. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lane, Rate } from './ports.ts'

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

/** While bulk waits, what comes before it has so many lots, and then it has one: a quarter is kept for it. */
const EXPRESS_LOTS = 3

interface Waiting {
  readonly limit: number
  readonly signal: AbortSignal
  readonly grant: (count: number) => void
  readonly fail: (error: unknown) => void
}

/** @param onError told when the bucket could not be told what the provider said */
export function sharedRate(bucket: TokenBucket, onError: (error: unknown) => void): Rate {
  let lot = 1
  let kept = 0
  let known: number | undefined
  const lanes: Readonly<Record<Lane, Waiting[]>> = { express: [], bulk: [] }
  /** Taken by express while bulk waited. */
  let ahead = 0
  let isServing = false
  const slowing = once(onError)
  const learning = once(onError)

  const next = (): Lane | undefined => {
    if (lanes.express.length === 0) return lanes.bulk.length === 0 ? undefined : 'bulk'
    return lanes.bulk.length > 0 && ahead >= EXPRESS_LOTS * lot ? 'bulk' : 'express'
  }
  const refill = async (signal: AbortSignal): Promise<void> => {
    const { granted, perSecond, closedMs } = await bucket.lease(lot)
    kept = granted
    lot = perSecond === undefined ? UNLIMITED_LOT : Math.max(1, Math.floor(perSecond / 10))
    const waitMs = Math.max(closedMs, perSecond === undefined ? 0 : (1_000 * lot) / perSecond)
    if (kept > 0) return
    await sleep(Math.min(LONGEST_WAIT_MS, waitMs), undefined, { signal }).catch(() => undefined)
  }
  const grant = (lane: Lane) => {
    const [waiting] = lanes[lane]
    if (waiting === undefined) return
    const granted = Math.min(kept, waiting.limit)
    kept -= granted
    ahead = lane === 'bulk' || lanes.bulk.length === 0 ? 0 : ahead + granted
    waiting.grant(granted)
  }
  /** Who comes next is asked when there are tokens, not when they are waited for. */
  const serve = async () => {
    if (isServing) return
    isServing = true
    for (let lane = next(); lane !== undefined; lane = next()) {
      const [first] = lanes[lane]
      if (kept > 0) grant(lane)
      else if (first !== undefined) await refill(first.signal).catch(first.fail)
    }
    isServing = false
  }

  return {
    take: (limit, signal, lane = 'bulk') => {
      if (signal.aborted) return Promise.resolve(0)
      return new Promise((resolve, reject) => {
        const leave = () => {
          signal.removeEventListener('abort', stop)
          const index = lanes[lane].indexOf(waiting)
          if (index >= 0) lanes[lane].splice(index, 1)
        }
        const stop = () => {
          leave()
          resolve(0)
        }
        const waiting: Waiting = {
          limit,
          signal,
          grant: (count) => {
            leave()
            resolve(count)
          },
          // Of the one who asked, not of the next.
          fail: (error: unknown) => {
            leave()
            reject(error instanceof Error ? error : new Error('no lease', { cause: error }))
          },
        }
        signal.addEventListener('abort', stop, { once: true })
        lanes[lane].push(waiting)
        void serve()
      })
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
