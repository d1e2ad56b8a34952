/** How long what an observer saw is good for. */
import type { Sighting, Snapshot } from '../snapshot.ts'

/** Three periods of an observer: whoever has not looked for so long does not know any more. */
const LIFE_MS = 90_000

export function isStale(sighting: Sighting<unknown>, { now }: Pick<Snapshot, 'now'>): boolean {
  return now.getTime() - sighting.lookedAt.getTime() > LIFE_MS
}
