/** Who may do what in ClickHouse: one user for each role, none with more than its work needs. */
import {
  AUDIT_LOG,
  BACKUP_CHECKS,
  BACKUP_FIGURES,
  BACKUP_LOG,
  EMAIL_EVENTS,
  identifier,
  qualified,
} from './clickhouseTables.ts'

export interface RightsOf {
  readonly database: string
  /** The named collection of the backup destination. */
  readonly collection: string
}

/** The throw-away database of the verification: fixed, so that rights can be given on it and on nothing else. */
export const verifyDatabase = (database: string): string => `${database}_verify`

/** What each role is for, in the order in which an administrator would make them. */
export const ROLES = {
  worker: 'Writes events and audit rows.',
  operator: 'Makes the tables, keeps the archive rule, looks at parts. Reads no row.',
  checksum: 'Counts and hashes rows before a backup, and keeps the list of backups.',
  backup: 'Makes backups. Reads no row by itself.',
  verify:
    'Restores into a database of its own, compares and drops it; looks which backups are at the destination. Never sees the rows of the source.',
  maintenance: 'Brings partitions back from the archive disk; for people, not for programs.',
} as const
export type Role = keyof typeof ROLES

/** System tables whose rows a user sees as far as it may see what they are about. */
const LOOKS = ['disks', 'storage_policies', 'tables', 'parts', 'mutations'].map(
  (table) => `SELECT ON system.${table}`,
)

/** The rights of a role as the grants of a server spell them, without `GRANT` and `TO`. */
export function rightsOf(role: Role, { database, collection }: RightsOf): readonly string[] {
  const all = `${identifier(database)}.*`
  const events = qualified(database, EMAIL_EVENTS)
  const audit = qualified(database, AUDIT_LOG)
  const figures = qualified(database, BACKUP_FIGURES)
  const log = qualified(database, BACKUP_LOG)
  const checks = qualified(database, BACKUP_CHECKS)
  const copy = `${identifier(verifyDatabase(database))}.*`
  const rights: Readonly<Record<Role, readonly string[]>> = {
    worker: [`INSERT, SELECT ON ${events}`, `INSERT ON ${audit}`],
    operator: [
      `CREATE DATABASE, CREATE TABLE, SHOW ON ${all}`,
      `ALTER TTL, ALTER SETTINGS, ALTER MATERIALIZE TTL ON ${events}`,
      'TABLE ENGINE ON MergeTree',
      ...LOOKS,
    ],
    checksum: [
      `SELECT ON ${events}`,
      `SELECT ON ${audit}`,
      `SELECT, INSERT ON ${figures}`,
      `SELECT, INSERT ON ${log}`,
      'SELECT ON system.parts',
    ],
    backup: [`BACKUP ON ${all}`, `NAMED COLLECTION ON ${collection}`, 'SELECT ON system.backups'],
    verify: [
      `NAMED COLLECTION ON ${collection}`,
      `CREATE DATABASE, CREATE TABLE, INSERT, SELECT, SHOW, CHECK, DROP DATABASE, DROP TABLE ON ${copy}`,
      'TABLE ENGINE ON MergeTree',
      `SELECT ON ${figures}`,
      `SELECT ON ${log}`,
      `SELECT, INSERT ON ${checks}`,
      'SELECT ON system.backups',
      'READ ON S3',
    ],
    maintenance: [`ALTER MOVE PARTITION, SHOW ON ${events}`, ...LOOKS],
  }
  return rights[role]
}
