/** The tables in ClickHouse, as the worker fills them and the operator creates and keeps them. */

export const EMAIL_EVENTS = 'email_events'
export const AUDIT_LOG = 'audit_log'

/** What the rows were when a backup began, filled before each one, so that the figures travel inside it. */
export const BACKUP_FIGURES = 'backup_figures'
/** The backups that came to their end. */
export const BACKUP_LOG = 'backup_log'
/** What came of restoring them, one row for each time; `error` is empty where everything was equal. */
export const BACKUP_CHECKS = 'backup_checks'

/** Tables with the data of users: archived, counted and hashed. */
export const DATA_TABLES = [EMAIL_EVENTS, AUDIT_LOG] as const
export const BACKUP_TABLES = [BACKUP_FIGURES, BACKUP_LOG, BACKUP_CHECKS] as const

export type DataTable = (typeof DATA_TABLES)[number]
export type TableName = DataTable | (typeof BACKUP_TABLES)[number]

interface TableShape {
  readonly columns: readonly string[]
  readonly orderBy: string
  readonly partitionBy?: string
  /** Whole days after which rows are dropped. */
  readonly keptDays?: number
}

/** `inserted_at` is the server's: what was there before an instant can be told from what came after. */
const TABLES: Readonly<Record<TableName, TableShape>> = {
  email_events: {
    columns: [
      'event_date Date DEFAULT toDate(event_time)',
      "event_time DateTime64(3, 'UTC')",
      'batch_id UUID',
      'recipient String',
      'event LowCardinality(String)',
      'attempt UInt32',
      'provider LowCardinality(String)',
      'provider_message_id String',
      'error_class LowCardinality(String)',
      'error_code LowCardinality(String)',
      "inserted_at DateTime64(3, 'UTC') DEFAULT now64(3)",
    ],
    orderBy: '(event_date, batch_id, recipient, attempt)',
    partitionBy: 'toYYYYMM(event_date)',
  },
  audit_log: {
    columns: [
      'event_date Date DEFAULT toDate(timestamp)',
      "timestamp DateTime64(3, 'UTC')",
      'id UUID',
      'action LowCardinality(String)',
      'user_id String',
      'resource String',
      'metadata String',
      'ip String',
      'user_agent String',
      "inserted_at DateTime64(3, 'UTC') DEFAULT now64(3)",
    ],
    orderBy: '(event_date, action, timestamp, id)',
    partitionBy: 'toYYYYMM(event_date)',
  },
  backup_figures: {
    columns: [
      'backup String',
      "recorded_at DateTime64(3, 'UTC') DEFAULT now64(3)",
      "cutoff DateTime64(3, 'UTC')",
      'table LowCardinality(String)',
      'partition String',
      'rows UInt64',
      'hash_sum UInt64',
      'hash_xor UInt64',
      'parts UInt64',
    ],
    orderBy: '(backup, table, partition)',
    keptDays: 90,
  },
  backup_log: {
    columns: [
      'backup String',
      'kind LowCardinality(String)',
      'base String',
      "cutoff DateTime64(3, 'UTC')",
      "completed_at DateTime64(3, 'UTC') DEFAULT now64(3)",
      'size_bytes UInt64',
    ],
    orderBy: '(completed_at, backup)',
  },
  backup_checks: {
    columns: [
      'backup String',
      "checked_at DateTime64(3, 'UTC') DEFAULT now64(3)",
      'rows UInt64',
      'partitions UInt64',
      'hash String',
      'error String',
    ],
    orderBy: '(backup, checked_at)',
  },
}

/** Where old partitions go: rows older than `afterDays` to `disk`, which `storagePolicy` contains. */
export interface TableArchive {
  readonly afterDays: number
  readonly disk: string
  readonly storagePolicy: string
}

/** `event_date + toIntervalDay(90)`: the form in which the server reads it back. */
export const archiveExpression = (afterDays: number): string => `event_date + toIntervalDay(${afterDays})`

export function archiveRule({ afterDays, disk }: Pick<TableArchive, 'afterDays' | 'disk'>): string {
  return `${archiveExpression(afterDays)} TO DISK ${literal(disk)}`
}

/**
 * `non_replicated_deduplication_window` makes an insert that is repeated with its token a no-op; without
 * `materialize_ttl_recalculate_only` older servers rewrite every column when a rule changes.
 */
export function createTable(database: string, table: TableName, archive?: TableArchive): string {
  const { columns, orderBy, partitionBy, keptDays } = TABLES[table]
  const settings = [
    'non_replicated_deduplication_window = 1000',
    ...(archive
      ? [`storage_policy = ${literal(archive.storagePolicy)}`, 'materialize_ttl_recalculate_only = 1']
      : []),
  ]
  return [
    `CREATE TABLE IF NOT EXISTS ${qualified(database, table)} (${columns.join(', ')})`,
    'ENGINE = MergeTree',
    ...(partitionBy === undefined ? [] : [`PARTITION BY ${partitionBy}`]),
    `ORDER BY ${orderBy}`,
    ...(archive ? [`TTL ${archiveRule(archive)}`] : []),
    ...(keptDays === undefined ? [] : [`TTL toDateTime(recorded_at) + toIntervalDay(${keptDays})`]),
    `SETTINGS ${settings.join(', ')}`,
  ].join(' ')
}

export function createDatabase(database: string): string {
  return `CREATE DATABASE IF NOT EXISTS ${identifier(database)}`
}

export const qualified = (database: string, table: string): string =>
  `${identifier(database)}.${identifier(table)}`

export const identifier = (name: string): string => `\`${name.replace(/[\\`]/g, '\\$&')}\``
export const literal = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
