/** What is wrong with the backups that are there, and what follows from it. Pure. */
import type { BackupEvidence } from '../../../../crds/schema/clickhouseEvidence.ts'
import type { Snapshot } from '../snapshot.ts'
import type { BackupCheckSeen } from './seen.ts'
import { baseOf, chainOf, parseBackupName } from '../../../../crds/backupName.ts'
import { isAccepted, lossOf, threeDigits } from '../parts/dataLoss.ts'
import { hasDeletingRule } from '../parts/deletingRules.ts'
import { templateHash } from '../parts/templateHash.ts'
import { areSeen, backupHistory } from './history.ts'

/** A backup on which newer ones would build, or build already, and that cannot be relied on. */
export interface Damage {
  /** The full backup at the bottom. */
  readonly base: string
  readonly message: string
}

/** Of the newest chain: the next increment would build on it. */
export function damageOf({ evidence }: Snapshot): Damage | undefined {
  const seen = evidence.backups?.seen
  if (seen?.reached !== true) return undefined
  const listed = seen.made.map(({ name }) => name).filter((name) => parseBackupName(name) !== undefined)
  const [newest] = listed
  const full = listed.find((name) => baseOf(name) === undefined)
  if (newest === undefined) return undefined
  const base = full ?? chainOf(newest)
  const gone = [base, chainOf(newest), newest].find((name) => !seen.stored.includes(name))
  if (gone !== undefined) return { base, message: `${gone} is not at the destination any more` }
  const failed = seen.checks.find(({ name, error }) => error !== undefined && chainOf(name) === base)
  return failed && { base, message: toldFailure(failed) }
}

const MOST_CHARACTERS = 800

const toldFailure = ({ name, error = '' }: BackupCheckSeen): string =>
  `${name} cannot be restored: ${error}`.slice(0, MOST_CHARACTERS)

/** One that is at the destination, and that was not what it should be when it was restored last. */
export function brokenBackup(snapshot: Snapshot): string | undefined {
  const seen = snapshot.evidence.backups?.seen
  if (seen?.reached !== true) return undefined
  const doubtful = seen.checks.find(
    ({ name, error, witnessed }) => seen.stored.includes(name) && (error !== undefined || !witnessed),
  )
  if (!doubtful || doubtful.error !== undefined) return doubtful && toldFailure(doubtful)
  return `${doubtful.name} is noted as restored, of which the server has no record`
}

/** Full backups that retention leaves alone: the newest that has everything, and the one that was restored last. */
export function keptBackups({ kept, verified }: BackupEvidence): readonly string[] {
  const names = [kept?.name, verified && chainOf(verified.name)]
  return [...new Set(names.flatMap((name) => name ?? []))].sort()
}

/** The newest full backup that has everything: none with fewer rows takes its place unless a rule that deletes explains it. */
export function nextKept(snapshot: Snapshot): BackupEvidence['kept'] {
  const { kept, lastFull } = backupHistory(snapshot)
  // What a person accepts is all there is to be: the next one takes its place, whatever it has.
  if (kept && isAccepted(snapshot)) return { ...kept, rows: 0 }
  const candidate = lastFull && { name: lastFull.name, rows: lastFull.rows }
  if (!candidate || lossOf(snapshot) !== undefined) return kept
  const shortfall = shortfallOf(snapshot)
  return shortfall && shortfall.token !== snapshot.sender.acceptedLoss ? kept : candidate
}

/**
 * That the newest full backup has fewer rows than the one that is kept, and nothing in the tables explains it any more.
 * As exact as losses are told: a few rows that somebody was asked to erase are none.
 * @returns `token` is what a person writes to accept it; the next one is another
 */
export function shortfallOf(snapshot: Snapshot): { readonly token: string } | undefined {
  const { kept, lastFull } = backupHistory(snapshot)
  if (!kept || !lastFull || lastFull.rows >= threeDigits(kept.rows) || mayShrink(snapshot)) return undefined
  return { token: templateHash({ kept }).slice(0, 8) }
}

function mayShrink({ evidence }: Snapshot): boolean {
  const seen = evidence.clickhouse?.seen
  return seen?.reached === true && seen.tables.some(({ engineFull }) => hasDeletingRule(engineFull))
}

/**
 * While something is missing or damaged, nothing is removed that could mend it.
 * @param wasHeld as it is in the cluster, which stands until backups are looked at
 */
export const holdsRetention = (snapshot: Snapshot, wasHeld: boolean): boolean =>
  lossOf(snapshot) !== undefined || damageOf(snapshot) !== undefined || (wasHeld && !areSeen(snapshot))
