/** Which backups may go: whole chains, the oldest first, and what never became a backup. */
import type { BackupName } from '../../../crds/backupName.ts'

export interface StoredBackup extends BackupName {
  /** Its manifest is there: it came to its end. */
  readonly isComplete: boolean
}

export interface Retention {
  readonly keep: readonly string[]
  /** In the order in which they must go: increments before what they build on. */
  readonly remove: readonly string[]
  /** Begun long ago and never finished. */
  readonly leftovers: readonly string[]
}

/** A backup that takes longer than this has been given up by its Job. */
const UNFINISHED_MS = 86_400_000

/**
 * The newest `fullBackups` full backups stay with every increment on them, and so do those that are named. A base of a
 * kept increment is never removed, nor is anything while there are not more full backups than that.
 */
export function retention(
  backups: readonly StoredBackup[],
  { fullBackups, keep = [] }: { readonly fullBackups: number; readonly keep?: readonly string[] },
  now: Date,
): Retention {
  const complete = backups.filter(({ isComplete }) => isComplete)
  const bases = complete
    .filter(({ kind }) => kind === 'full')
    .sort((left, right) => right.begunAt.getTime() - left.begunAt.getTime())
  const newest = bases.slice(0, fullBackups)
  const kept = new Set(
    [...newest, ...bases.filter(({ name }) => keep.includes(name))].map(({ name }) => name),
  )
  const old = bases.filter(({ name }) => !kept.has(name)).reverse()
  const incrementsOn = (base: string) =>
    complete.filter((backup) => backup.base === base).map(({ name }) => name)
  // Without its base it cannot be restored; as long as it is young, somebody may put that back.
  const oldest = newest.length < fullBackups ? undefined : newest.at(-1)?.begunAt
  const orphans = complete.filter(
    ({ base, begunAt }) =>
      base !== undefined &&
      !bases.some(({ name }) => name === base) &&
      oldest !== undefined &&
      begunAt < oldest,
  )
  return {
    keep: [...kept].flatMap((name) => [name, ...incrementsOn(name)]),
    remove: [...orphans.map(({ name }) => name), ...old.flatMap(({ name }) => [...incrementsOn(name), name])],
    leftovers: backups
      .filter(
        ({ name, isComplete, begunAt }) =>
          !isComplete && !keep.includes(name) && now.getTime() - begunAt.getTime() > UNFINISHED_MS,
      )
      .map(({ name }) => name),
  }
}
