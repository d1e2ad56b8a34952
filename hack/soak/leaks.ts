/** What a process holds at the end that it did not hold after it was warm. Pure. */
import type { Vitals } from '../bench/operator/contestants/ours/vitals.ts'

/** Compiled code and grown tables; a leak of every pass would be many times that. */
const HEAP_SHARE = 0.15
const HEAP_MIB = 2

/**
 * The most, or the least, of several looks: a connection that is being opened anew at the instant of one of them is no
 * leak, and one that is missing then is no measure.
 */
export function extremeOf(
  looks: readonly [Vitals, ...Vitals[]],
  pick: (...values: number[]) => number,
): Vitals {
  const kinds = new Set(looks.flatMap(({ resources }) => Object.keys(resources)))
  const resources = [...kinds].map((kind) => [kind, pick(...looks.map((look) => look.resources[kind] ?? 0))])
  return {
    ...looks[0],
    resources: Object.fromEntries(resources) as Vitals['resources'],
    heapMiB: pick(...looks.map(({ heapMiB }) => heapMiB)),
  }
}

/** @param always how many of a kind are none too many, however few there were when it was warm. */
export function leaksOf(
  warm: Vitals,
  end: Vitals,
  always: Readonly<Record<string, number>> = {},
): readonly string[] {
  const kinds = Object.keys({ ...warm.resources, ...end.resources })
  const handles = kinds.flatMap((kind) => {
    const before = Math.max(warm.resources[kind] ?? 0, always[kind] ?? 0)
    const after = end.resources[kind] ?? 0
    return after > before ? [`${kind}: ${after} instead of ${before}`] : []
  })
  const most = warm.heapMiB * (1 + HEAP_SHARE) + HEAP_MIB
  const heap = end.heapMiB > most ? [`heap: ${end.heapMiB} MiB instead of ${warm.heapMiB} MiB`] : []
  return [...handles, ...heap]
}
