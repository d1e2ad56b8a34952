/** The provider's rate as one worker sees it: tokens leased in small lots from the bucket that all workers share. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rate } from './ports.ts'

export interface TokenBucket {
  /** Takes up to `limit` tokens out of the shared bucket; 0 when it is empty. */
  lease(limit: number): Promise<number>
}

/** No limit. */
export const unlimited: Rate = {
  take: (limit) => Promise.resolve(limit),
  giveBack: () => undefined,
}

/** @param perSecond of all workers together */
export function sharedRate(bucket: TokenBucket, perSecond: number): Rate {
  const lot = Math.max(1, Math.floor(perSecond / 10))
  let kept = 0
  let turn: Promise<unknown> = Promise.resolve()

  const take = async (limit: number, signal: AbortSignal): Promise<number> => {
    while (kept === 0 && !signal.aborted) {
      kept = await bucket.lease(lot)
      if (kept === 0)
        await sleep(Math.min(1_000, (1_000 * lot) / perSecond), undefined, { signal }).catch(() => undefined)
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
  }
}
