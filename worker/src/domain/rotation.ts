/** Which older backup is restored beside the newest one, so that in time every chain that is kept has its turn. Pure. */
import { chainOf } from '../../../crds/backupName.ts'

export interface Checked {
  readonly name: string
  /** Milliseconds since 1970. */
  readonly checkedMs: number
  readonly failed: boolean
}

/**
 * Backups whose turn may come, of chains whose base is there: the newest of each, and those that failed, which may be any.
 *
 * @param listed names, newest first
 * @param bases full backups that are at the destination
 */
export function mayBeNext(
  listed: readonly string[],
  bases: ReadonlySet<string>,
  checks: readonly Checked[],
): readonly string[] {
  const newest = [...bases].flatMap((base) => listed.find((name) => chainOf(name) === base) ?? [])
  const failed = checks
    .filter((check) => check.failed && bases.has(chainOf(check.name)))
    .map(({ name }) => name)
  const known = new Set(listed)
  return [...new Set([...newest, ...failed])].filter((name) => known.has(name))
}

/**
 * One backup of each chain, its newest: it needs the base, too. What failed comes first, since it may have been mended;
 * then what was never restored, then what was restored longest ago.
 *
 * @param stored names at the destination, newest first
 * @returns `undefined` while there is no chain but that of the newest
 */
export function nextInTurn(stored: readonly string[], checks: readonly Checked[]): string | undefined {
  const [newest] = stored
  if (newest === undefined) return undefined
  const chains = new Map<string, string>()
  for (const name of stored) if (!chains.has(chainOf(name))) chains.set(chainOf(name), name)
  chains.delete(chainOf(newest))
  const rank = ([chain]: readonly [string, string]): number => {
    const last = checks
      .filter(({ name }) => chainOf(name) === chain)
      .sort((left, right) => right.checkedMs - left.checkedMs)[0]
    return last === undefined ? 0 : last.failed ? -1 : last.checkedMs
  }
  const failed = checks.find((check) => check.failed && check.name !== newest && stored.includes(check.name))
  return failed?.name ?? [...chains].sort((left, right) => rank(left) - rank(right))[0]?.[1]
}
