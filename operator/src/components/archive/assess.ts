/** Compares what ClickHouse showed with what the spec asks for, and finds the next step for each table. Pure. */
import type { ArchiveWish } from '../parts/clickhouse.ts'
import type { ClickhouseSeen, TableSeen } from '../parts/clickhouseSeen.ts'
import type { ReasonOf } from '../../../../crds/schema/conditions.ts'
import type { TableName } from '../../../../crds/clickhouseTables.ts'
import {
  archiveRule,
  createDatabase,
  createTable,
  EMAIL_EVENTS,
  literal,
  qualified,
  DATA_TABLES,
} from '../../../../crds/clickhouseTables.ts'
import { choosePolicy } from './storagePolicy.ts'
import { deletes, moves, ttlRules } from '../parts/ttlRules.ts'

type Reason = ReasonOf<'ArchiveReady'>

export interface Step {
  readonly subject: string
  readonly statements: readonly string[]
}

/** What is wrong with one table, and what would mend it; no step when a person has to. */
export interface Finding {
  readonly reason: Reason
  readonly message: string
  readonly step?: Step
}

type Reached = ClickhouseSeen & { reached: true }

/** At most one finding for each table: the first step that is not done. */
export function assess(wish: ArchiveWish, seen: Reached): readonly Finding[] {
  const disk = seen.disks.find(({ name }) => name === wish.disk)
  if (!disk) return [{ reason: 'DiskNotFound', message: `the server has no disk ${wish.disk}` }]
  if (disk.broken) return [{ reason: 'DiskBroken', message: `the disk ${wish.disk} is broken` }]
  return DATA_TABLES.flatMap((table) => assessTable(table, wish, seen) ?? [])
}

function assessTable(
  table: TableName,
  wish: ArchiveWish,
  { policies, tables }: Reached,
): Finding | undefined {
  const present = tables.find(({ name }) => name === table)
  const choice = choosePolicy(policies, {
    disk: wish.disk,
    ...(wish.storagePolicy !== undefined && { named: wish.storagePolicy }),
    ...(present && { present: present.storagePolicy }),
  })
  if ('reason' in choice) return { ...choice, message: `${table}: ${choice.message}` }
  if (!present) return missing(table, wish, choice.policy)
  if (table !== EMAIL_EVENTS) return auditUnarchived(present, wish, choice.policy)
  return policyDrift(present, wish, choice.policy) ?? ruleDrift(present, wish) ?? oldParts(present, wish)
}

function missing(table: TableName, wish: ArchiveWish, storagePolicy: string): Finding {
  const statements = [
    createDatabase(wish.database),
    createTable(wish.database, table, { ...wish, storagePolicy }),
  ]
  return { reason: 'TableMissing', message: `${table} is missing`, step: { subject: table, statements } }
}

/** Its rule is fixed when it is made: the operator holds no right to change it, and says who has to. */
function auditUnarchived(table: TableSeen, wish: ArchiveWish, policy: string): Finding | undefined {
  if (ttlRules(table.engineFull).some(moves)) return undefined
  const alter = `ALTER TABLE ${qualified(wish.database, table.name)}`
  const statements = [
    ...(table.storagePolicy === policy
      ? []
      : [`${alter} MODIFY SETTING storage_policy = ${literal(policy)}`]),
    `${alter} MODIFY TTL ${[...ttlRules(table.engineFull), archiveRule(wish)].join(', ')}`,
  ]
  return {
    reason: 'AuditNotArchived',
    message: `${table.name} has no rule that moves old rows, and the operator may not change it: an administrator has to run ${statements.join('; ')}`,
  }
}

function policyDrift(table: TableSeen, wish: ArchiveWish, policy: string): Finding | undefined {
  if (table.storagePolicy === policy) return undefined
  const text = `ALTER TABLE ${qualified(wish.database, table.name)} MODIFY SETTING storage_policy = ${literal(policy)}`
  return {
    reason: 'PolicyDrift',
    message: `${table.name} has the storage policy ${table.storagePolicy} instead of ${policy}`,
    step: { subject: table.name, statements: [text] },
  }
}

function ruleDrift(table: TableSeen, wish: ArchiveWish): Finding | undefined {
  const wanted = archiveRule(wish)
  const rules = ttlRules(table.engineFull)
  const foreign = rules.find(deletes)
  if (foreign !== undefined)
    return {
      reason: 'ForeignRule',
      message: `${table.name} has a rule that deletes (${foreign}): remove it, or remove spec.clickhouse.archive from a new BatchSender; nothing is changed until then`,
    }
  if (rules.length === 1 && rules[0] === wanted) return undefined
  const found = rules.length === 0 ? 'no rule' : `the rule ${rules.join(', ')}`
  const text = `ALTER TABLE ${qualified(wish.database, table.name)} MODIFY TTL ${wanted} SETTINGS materialize_ttl_after_modify = 0`
  return {
    reason: 'TTLDrift',
    message: `${table.name} has ${found} instead of ${wanted}`,
    step: { subject: table.name, statements: [text] },
  }
}

function oldParts(table: TableSeen, wish: ArchiveWish): Finding | undefined {
  const { mutation, parts } = table
  if (mutation?.failure !== undefined)
    return { reason: 'MutationFailed', message: `${table.name}: ${mutation.failure}` }
  if (parts.unaware === 0) return undefined
  const message = `${parts.unaware} parts of ${table.name} do not know the rule yet`
  if (mutation) return { reason: 'NotMaterialized', message }
  const text = `ALTER TABLE ${qualified(wish.database, table.name)} MATERIALIZE TTL SETTINGS mutations_sync = 0`
  return { reason: 'NotMaterialized', message, step: { subject: table.name, statements: [text] } }
}
