/** When a look replaces what was believed: a good one at once, a bad one only when it stays. Pure. */
import type { Sighting } from '../components/snapshot.ts'

export interface Look<Seen> {
  readonly good: boolean
  readonly seen: Seen
  /** Something is on its way that ends by itself: no fault, but worth another look soon. */
  readonly underWay?: boolean
  /** All that is bad is silence, which a network plugin that has not come to a new pod yet has as well: it has to last. */
  readonly silence?: boolean
}

export interface Belief<Seen> {
  /** Absent while nothing was seen that is to be believed. */
  readonly sighting?: Sighting<Seen>
  readonly good: boolean
  /** Bad looks in a row since the last good one. */
  readonly badLooks: number
  readonly badSince?: Date
}

const BAD_LOOKS = 3
const BAD_FOR_MS = 60_000
const SILENT_FOR_MS = 15_000

/**
 * One failed look does not flip a verdict: three in a row do, or a minute of them. That goes for the first looks after a
 * start as well, since what the status says stands until then.
 */
export function settle<Seen>(belief: Belief<Seen> | undefined, look: Look<Seen>, now: Date): Belief<Seen> {
  const sighting = { seen: look.seen, lookedAt: now }
  if (look.good) return { sighting, good: true, badLooks: 0 }
  const { badLooks: before = 0, badSince = now, good = false, sighting: last } = belief ?? {}
  const badLooks = before + 1
  if (stays(look, badLooks, now.getTime() - badSince.getTime()))
    return { sighting, good: false, badLooks, badSince }
  return { ...(last && { sighting: last }), good, badLooks, badSince }
}

function stays({ silence = false }: Look<unknown>, badLooks: number, badForMs: number): boolean {
  const isOften = badLooks >= BAD_LOOKS && (!silence || badForMs >= SILENT_FOR_MS)
  return isOften || badForMs >= BAD_FOR_MS
}
