/** Parts that should have moved long ago: background moves take minutes, not hours. */
import type { ClickhouseSeen } from '../parts/clickhouseSeen.ts'
import { instantOf } from '../parts/instants.ts'

const PATIENCE_MS = 3_600_000

/** @returns one phrase for each table with parts that have been due for more than an hour */
export function lateTables(seen: ClickhouseSeen | undefined, now: Date): readonly string[] {
  if (seen?.reached !== true) return []
  return seen.tables.flatMap(({ name, parts: { due } }) => {
    if (due.since === undefined || now.getTime() - due.since.getTime() <= PATIENCE_MS) return []
    const since = instantOf(due.since)
    return [`${due.parts} parts of ${name} have not moved, the oldest is due since ${since}`]
  })
}
