/** What somebody may do to the audit log beside adding to it, read from what `SHOW GRANTS` says of himself. Pure. */
import type { AuditRights } from '../components/parts/logins.ts'
import { AUDIT_LOG } from '../../../crds/clickhouseTables.ts'

const MOST_TOLD = 5
const GRANT = /^GRANT (.{1,8000}) ON (\S{1,300}) TO /
/** Without a target: what comes with a role is not listed. */
const ROLE = /^GRANT (?!.* ON )\S.* TO /
const PRIVILEGE = /^[A-Z][A-Z ]{0,40}$/
/** They change no row that is there, remove none and hide none. */
const HARMLESS =
  /^(SELECT|INSERT|SHOW|SHOW [A-Z ]+|CHECK|BACKUP|OPTIMIZE|CREATE (DATABASE|TABLE|VIEW|TEMPORARY TABLE)|USAGE|NONE)$/

/** What is revoked in part of a grant is not taken off it. @returns undefined for what is no list of grants */
export function auditRightsOf(text: string, database: string): AuditRights | undefined {
  const lines = text.split('\n').map((line) => line.trim())
  const grants = lines.filter((line) => line.startsWith('GRANT '))
  if (grants.length === 0 && lines.some((line) => line !== '')) return undefined
  const changes = new Set(grants.flatMap((line) => changesIn(line, database)))
  return { changes: [...changes].sort().slice(0, MOST_TOLD), byRole: grants.some((line) => ROLE.test(line)) }
}

function changesIn(grant: string, database: string): readonly string[] {
  const [, privileges = '', target = ''] = GRANT.exec(grant) ?? []
  if (!covers(target, database)) return []
  return listed(privileges)
    .filter((privilege) => !HARMLESS.test(privilege))
    .map((privilege) => (PRIVILEGE.test(privilege) ? privilege : 'something else'))
}

/** Without the columns that a privilege may be limited to. */
function listed(privileges: string): readonly string[] {
  return privileges
    .replace(/\([^)]*\)/g, '')
    .split(',')
    .map((privilege) => privilege.trim())
}

/** A name may end with `*`, which stands for whatever comes. */
function covers(target: string, database: string): boolean {
  const bare = target.replace(/[`"]/g, '')
  if (bare === '*') return false
  const dot = bare.indexOf('.')
  if (dot < 0) return false
  return matches(bare.slice(0, dot), database) && matches(bare.slice(dot + 1), AUDIT_LOG)
}

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name
