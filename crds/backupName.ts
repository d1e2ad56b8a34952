/** The name of a backup says when it was begun, of what kind it is and what it builds on. */
import type { BackupKind } from './jobs/backup.ts'

export interface BackupName {
  readonly name: string
  readonly begunAt: Date
  readonly kind: BackupKind
  /** Name of the full backup that an increment needs. */
  readonly base?: string
}

const INSTANT = '(\\d{4})-(\\d\\d)-(\\d\\d)T(\\d\\d)-(\\d\\d)-(\\d\\d)Z'
const FULL = new RegExp(`^${INSTANT}-full-[0-9a-f]{8}$`)
const INCREMENTAL = new RegExp(`^${INSTANT}-incremental-[0-9a-f]{8}-on-(\\S+)$`)

/** @param mark eight hexadecimal digits that no other attempt has */
export function backupName(begunAt: Date, mark: string, base?: string): string {
  const instant = `${begunAt.toISOString().slice(0, 19).replaceAll(':', '-')}Z`
  return base === undefined ? `${instant}-full-${mark}` : `${instant}-incremental-${mark}-on-${base}`
}

/** @returns `undefined` for whatever is not a backup of ours */
export function parseBackupName(name: string): BackupName | undefined {
  const full = FULL.exec(name)
  if (full) return { name, kind: 'full', begunAt: instantOf(full) }
  const incremental = INCREMENTAL.exec(name)
  const base = incremental?.[7]
  if (!incremental || base === undefined || !FULL.test(base)) return undefined
  return { name, kind: 'incremental', base, begunAt: instantOf(incremental) }
}

function instantOf([, year, month, day, hour, minute, second]: RegExpExecArray): Date {
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

/** The full backup that an increment needs; `undefined` for a full one and for what is none of ours. */
export const baseOf = (name: string): string | undefined => parseBackupName(name)?.base

/** The full backup that a restore of this one begins with. */
export const chainOf = (name: string): string => baseOf(name) ?? name
