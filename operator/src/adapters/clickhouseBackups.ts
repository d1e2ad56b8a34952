/** What a look at backups asks for: the list of them, what the server itself remembers, and what is at the destination. */
import type { ClickHouseClient } from '@clickhouse/client'
import { ClickHouseError } from '@clickhouse/client'
import type { BackupCheckSeen, BackupSeen, BackupsSeen } from '../components/backup/seen.ts'
import {
  BACKUP_CHECKS,
  BACKUP_FIGURES,
  BACKUP_LOG,
  literal,
  qualified,
} from '../../../crds/clickhouseTables.ts'
import { baseOf } from '../../../crds/backupName.ts'
import { HASH_SPREAD } from '../../../crds/rowHash.ts'
import { nameOfManifest, storedBackups, type StoredManifest } from '../../../crds/storedBackups.ts'
import { firstLine } from '../../../crds/firstLine.ts'

export interface BackupsTarget {
  readonly database: string
  /** Named collection that leads to the destination. */
  readonly collection: string
  /** Backups that are remembered, whatever the list has. */
  readonly remembered: readonly string[]
}

type Ask = <Row>(query: string, parameters?: Record<string, unknown>) => Promise<readonly Row[]>

/** Of each kind; what is older was looked at when it was new, and is restored in turn. */
const NEWEST = 3
const MOST_CHECKS = 64
const S3_TRIES = 2

/** @throws what the client throws. */
export async function lookAtBackups(
  client: ClickHouseClient,
  target: BackupsTarget,
  signal: AbortSignal,
): Promise<Omit<BackupsSeen & { reached: true }, 'reached'>> {
  const ask: Ask = async <Row>(query: string, query_params: Record<string, unknown> = {}) => {
    const result = await client.query({ query, query_params, format: 'JSONEachRow', abort_signal: signal })
    return result.json<Row>()
  }
  const made = await unlessMissing(ask<Made>(madeIn(target.database)))
  const checks = await unlessMissing(ask<Checked>(checksIn(target.database)))
  const told = [...new Set([...made, ...checks].map(({ name }) => name))]
  const operations = await ask<Operation>(operationsOn(told, target.collection))
  const names = [...made.map(({ name }) => name), ...target.remembered, ...doubtful(checks)]
  const bases = names.flatMap((name) => baseOf(name) ?? [])
  const stored = await storedOf(ask, target.collection, [...new Set([...names, ...bases])])
  const isWitnessed = witness(operations, target.collection)
  return {
    made: made.map((row) => madeSeen(row, isWitnessed(row.name, ['BACKUP_CREATED'], row.completed_ms))),
    checks: checks.map((row) =>
      checkSeen(
        row,
        isWitnessed(row.name, ['RESTORED'], row.checked_ms, Number(row.passed_since_start)) &&
          isWitnessed(row.name, ['RESTORED', 'RESTORE_FAILED'], row.checked_ms, Number(row.since_start)),
      ),
    ),
    stored,
  }
}

/** Those that failed, however long ago, and the newest. */
const doubtful = (checks: readonly Checked[]) =>
  checks.filter(({ error }, index) => error !== '' || index < NEWEST).map(({ name }) => name)

/** Before the tables are made, and after they were lost, there is nothing in them. */
async function unlessMissing<Row>(rows: Promise<readonly Row[]>): Promise<readonly Row[]> {
  try {
    return await rows
  } catch (error) {
    if (error instanceof ClickHouseError && ['60', '81'].includes(error.code)) return []
    throw error
  }
}

const ROW_HASH = `lower(leftPad(hex(sum(hash_sum + hash_xor * toUInt64(${HASH_SPREAD}))), 16, '0'))`

/** Figures are summed up as worker/src/domain/rowFigures.ts does it. */
function madeIn(database: string): string {
  const log = qualified(database, BACKUP_LOG)
  const newest = (where: string) => `SELECT * FROM ${log} ${where} ORDER BY completed_at DESC LIMIT ${NEWEST}`
  return `SELECT name, cutoff_ms, completed_ms, size, rows, partitions, if(partitions = 0, '', hash) AS hash
    FROM (
      SELECT DISTINCT backup AS name, toUnixTimestamp64Milli(cutoff) AS cutoff_ms,
        toUnixTimestamp64Milli(completed_at) AS completed_ms, size_bytes AS size
      FROM (${newest('')} UNION ALL ${newest("WHERE kind = 'full'")})
    ) AS made
    LEFT JOIN (
      SELECT backup AS name, sum(backup_figures.rows) AS rows, count() AS partitions, ${ROW_HASH} AS hash
      FROM ${qualified(database, BACKUP_FIGURES)} AS backup_figures GROUP BY backup
    ) AS figures USING (name)
    ORDER BY completed_ms DESC, name`
}

interface Made {
  readonly name: string
  readonly cutoff_ms: number | string
  readonly completed_ms: number | string
  readonly size: number | string
  readonly rows: number | string
  readonly partitions: number | string
  readonly hash: string
}

function madeSeen(row: Made, witnessed: boolean): BackupSeen {
  return {
    name: row.name,
    cutoff: new Date(Number(row.cutoff_ms)),
    completedAt: new Date(Number(row.completed_ms)),
    sizeBytes: Number(row.size),
    rows: Number(row.rows),
    partitions: Number(row.partitions),
    hash: row.hash === '' ? NO_ROWS : row.hash,
    witnessed,
  }
}

const NO_ROWS = '0'.repeat(16)

const checksIn = (
  database: string,
) => `SELECT backup AS name, toUnixTimestamp64Milli(max(checked_at)) AS checked_ms,
    argMax(rows, checked_at) AS rows, argMax(partitions, checked_at) AS partitions, argMax(hash, checked_at) AS hash,
    argMax(noted.error, checked_at) AS error,
    countIf(checked_at > now64(3) - toIntervalSecond(uptime())) AS since_start,
    countIf(noted.error = '' AND checked_at > now64(3) - toIntervalSecond(uptime())) AS passed_since_start
  FROM ${qualified(database, BACKUP_CHECKS)} AS noted GROUP BY backup ORDER BY checked_ms DESC LIMIT ${MOST_CHECKS}`

interface Checked {
  readonly name: string
  readonly checked_ms: number | string
  readonly rows: number | string
  readonly partitions: number | string
  readonly hash: string
  readonly error: string
  readonly since_start: number | string
  readonly passed_since_start: number | string
}

function checkSeen(row: Checked, witnessed: boolean): BackupCheckSeen {
  return {
    name: row.name,
    checkedAt: new Date(Number(row.checked_ms)),
    rows: Number(row.rows),
    partitions: Number(row.partitions),
    hash: row.hash,
    ...(row.error !== '' && { error: firstLine(row.error) }),
    witnessed,
  }
}

/**
 * What the server did with these since it was started; nobody can write there. Of all that it did there may be more than
 * anybody wants to read: every backup and every restore, for as long as it is up.
 */
function operationsOn(names: readonly string[], collection: string): string {
  const places = ['', ...names.map((name) => placeOf(name, collection))].map(literal)
  return `SELECT name, toString(status) AS kind, count() AS times,
    toUnixTimestamp(now()) - uptime() AS since
  FROM system.backups
  WHERE status IN ('BACKUP_CREATED', 'RESTORED', 'RESTORE_FAILED') AND name IN (${places.join(', ')})
  GROUP BY name, kind
  UNION ALL SELECT '' AS name, 'UP' AS kind, 1 AS times, toUnixTimestamp(now()) - uptime() AS since`
}

const placeOf = (name: string, collection: string) => `S3(${collection}, ${literal(name)})`

interface Operation {
  readonly name: string
  readonly kind: string
  readonly times: number | string
  readonly since: number | string
}

type Kind = 'BACKUP_CREATED' | 'RESTORED' | 'RESTORE_FAILED'

/** A clock in seconds, and the time that a list takes to be written. */
const SLACK_MS = 5_000

/** Each entry needs an operation of its own, and one that says that all was well a restore that came to its end. */
function witness(operations: readonly Operation[], collection: string) {
  const known = new Map(operations.map(({ name, kind, times }) => [`${kind} ${name}`, Number(times)]))
  const upSinceMs = Number(operations.find(({ kind }) => kind === 'UP')?.since ?? 0) * 1_000
  const times = (name: string, kind: Kind) => known.get(`${kind} ${placeOf(name, collection)}`) ?? 0
  return (name: string, kinds: readonly Kind[], atMs: number | string, entries = 1): boolean =>
    Number(atMs) <= upSinceMs + SLACK_MS ||
    kinds.reduce((sum, kind) => sum + times(name, kind), 0) >= Math.max(1, entries)
}

/** An empty manifest is what is left of one. */
async function storedOf(ask: Ask, collection: string, names: readonly string[]): Promise<readonly string[]> {
  const query = storedBackups(collection, names, S3_TRIES)
  const rows = query === undefined ? [] : await ask<StoredManifest>(query)
  return rows
    .filter(({ size }) => Number(size) > 0)
    .map(nameOfManifest)
    .sort()
}
