/**
 * What is known of backups: what the server and the destination show, and, of what they cannot show any more, what the
 * status remembers. What a Job says of itself proves nothing; only that it failed is believed. Pure.
 */
import type { Snapshot } from '../snapshot.ts'
import type { BackupCheckSeen, BackupSeen, BackupsSeen } from './seen.ts'
import type { BackupEvidence } from '../../../../crds/schema/clickhouseEvidence.ts'
import { baseOf, parseBackupName } from '../../../../crds/backupName.ts'
import { isAhead, isTooYoung } from './instants.ts'
import { instantOf } from '../parts/instants.ts'
import { openFailures } from './failures.ts'
import { refusedReports } from './refused.ts'

type Made = NonNullable<BackupEvidence['last']>
type Verified = NonNullable<BackupEvidence['verified']>
type Known = Pick<Snapshot, 'sender' | 'runs' | 'evidence' | 'now'>
type Reached = BackupsSeen & { readonly reached: true }

export function backupHistory(snapshot: Known): BackupEvidence {
  const before = snapshot.sender.status.evidence?.backup ?? {}
  const made = madeBy(snapshot, before)
  const last = newest(made)
  const lastFull = newest(made.filter(({ kind }) => kind === 'full'))
  const verified = newest(verifiedBy(snapshot, before), ({ name, completedAt }) => `${name} ${completedAt}`)
  const failures = openFailures(snapshot, { backup: last, verify: verified })
  const refused = areSeen(snapshot)
    ? refusedReports(snapshot, snapshot.evidence.backups?.seen)
    : before.refused
  return withoutGaps({
    last,
    lastFull,
    verified,
    kept: before.kept,
    repaired: before.repaired,
    failures: failures.length > 0 ? failures : undefined,
    refused: refused && refused.length > 0 ? [...refused] : undefined,
  })
}

/** Until they are looked at, and while they cannot be, what was found wrong stands. */
export const areSeen = ({ evidence }: Pick<Snapshot, 'evidence'>): boolean =>
  evidence.backups?.seen.reached === true

type WithGaps = { readonly [Name in keyof BackupEvidence]-?: BackupEvidence[Name] | undefined }

const withoutGaps = (evidence: WithGaps): BackupEvidence =>
  Object.fromEntries(Object.entries(evidence).filter(([, value]) => value !== undefined))

function madeBy({ evidence, now }: Known, before: BackupEvidence): Made[] {
  const seen = evidence.backups?.seen
  const made = seen?.reached === true ? madeNow(seen, before) : madeBefore(before)
  return made.filter(
    ({ completedAt, cutoff }) => ![completedAt, cutoff].some((at) => isAhead(new Date(at), now)),
  )
}

function verifiedBy({ evidence, now }: Known, before: BackupEvidence): Verified[] {
  const seen = evidence.backups?.seen
  const checks = seen?.reached === true ? seen.checks.flatMap(verifiedOf) : []
  return [...checks, ...present(before.verified)].filter(
    ({ completedAt }) => !isAhead(new Date(completedAt), now),
  )
}

/** At the destination with what it builds on, and made by the server itself as far as that can be known. */
function madeNow(seen: Reached, before: BackupEvidence): Made[] {
  const isStored = (name: string) => seen.stored.includes(name)
  const listed = seen.made.filter(({ witnessed }) => witnessed).flatMap(madeOf)
  return [...listed, ...madeBefore(before)].filter(({ name }) => {
    const base = baseOf(name)
    return isStored(name) && (base === undefined || isStored(base))
  })
}

const madeBefore = ({ last, lastFull }: BackupEvidence): Made[] => [...present(last), ...present(lastFull)]

const present = <Value>(value: Value | undefined): Value[] => (value === undefined ? [] : [value])

/** What has no name of ours is none of ours. */
function madeOf({ name, cutoff, completedAt, sizeBytes, rows, partitions, hash }: BackupSeen): Made[] {
  const parsed = parseBackupName(name)
  if (!parsed || isTooYoung(cutoff, parsed.begunAt)) return []
  const instants = { cutoff: instantOf(cutoff), completedAt: instantOf(completedAt) }
  return [{ name, kind: parsed.kind, ...instants, sizeBytes, rows, partitions, hash }]
}

function verifiedOf({
  name,
  checkedAt,
  rows,
  partitions,
  hash,
  error,
  witnessed,
}: BackupCheckSeen): Verified[] {
  if (error !== undefined || !witnessed || !parseBackupName(name)) return []
  return [{ name, completedAt: instantOf(checkedAt), rows, partitions, hash }]
}

/** Instants of one form are in order as text, and so are names that begin with them. */
function newest<Entry extends { readonly completedAt: string }>(
  entries: readonly Entry[],
  order: (entry: Entry) => string = ({ completedAt }) => completedAt,
): Entry | undefined {
  return entries.reduce<Entry | undefined>(
    (last, entry) => (last === undefined || order(entry) > order(last) ? entry : last),
    undefined,
  )
}
