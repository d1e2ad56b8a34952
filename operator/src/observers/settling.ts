/** When a look replaces what was believed: a good one at once, a bad one only when it stays. Pure. */
import type { Sighting } from '../components/snapshot.ts'

export interface Look<Seen> {
  readonly good: boolean
  readonly seen: Seen
  /** Something is on its way that ends by itself: no fault, but worth another look soon. */
  readonly underWay?: boolean
}

export interface Belief<Seen> {
  readonly sighting: Sighting<Seen>
  readonly good: boolean
  /** Bad looks in a row since the last good one. */
  readonly badLooks: number
  readonly badSince?: Date
}

const BAD_LOOKS = 3
const BAD_FOR_MS = 60_000

/** One failed look does not flip a verdict: three in a row do, or a minute of them. */
export function settle<Seen>(belief: Belief<Seen> | undefined, look: Look<Seen>, now: Date): Belief<Seen> {
  if (look.good) return { sighting: { seen: look.seen, lookedAt: now }, good: true, badLooks: 0 }
  const badLooks = (belief?.badLooks ?? 0) + 1
  const badSince = belief?.badSince ?? now
  const stays = badLooks >= BAD_LOOKS || now.getTime() - badSince.getTime() >= BAD_FOR_MS
  // Nothing good was ever seen: there is nothing to protect from a bad look.
  const believed = belief?.good !== true || stays
  return {
    sighting: believed ? { seen: look.seen, lookedAt: now } : belief.sighting,
    good: !believed,
    badLooks,
    badSince,
  }
}
