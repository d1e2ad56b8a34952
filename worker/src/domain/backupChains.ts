/** Which backups may go: whole chains, the oldest first, and what never became a backup. */
import type { BackupName } from './backupName.ts'

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
 * The newest `fullBackups` full backups stay with every increment on them. A base of a kept increment is never removed,
 * nor is anything while there are not more full backups than that.
 */
export function retention(backups: readonly StoredBackup[], fullBackups: number, now: Date): Retention {
  const complete = backups.filter(({ isComplete }) => isComplete)
  const bases = complete
    .filter(({ kind }) => kind === 'full')
    .sort((left, right) => right.begunAt.getTime() - left.begunAt.getTime())
  const kept = new Set(bases.slice(0, fullBackups).map(({ name }) => name))
  const old = bases.slice(fullBackups).reverse()
  const incrementsOn = (base: string) =>
    complete.filter((backup) => backup.base === base).map(({ name }) => name)
  // What lost its base can never be restored.
  const orphans = complete.filter(
    ({ base }) => base !== undefined && !bases.some(({ name }) => name === base),
  )
  return {
    keep: [...kept].flatMap((name) => [name, ...incrementsOn(name)]),
    remove: [...orphans.map(({ name }) => name), ...old.flatMap(({ name }) => [...incrementsOn(name), name])],
    leftovers: backups
      .filter(({ isComplete, begunAt }) => !isComplete && now.getTime() - begunAt.getTime() > UNFINISHED_MS)
      .map(({ name }) => name),
  }
}
