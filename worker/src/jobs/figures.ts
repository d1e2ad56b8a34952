/** Counts and hashes of rows in ClickHouse: made, kept beside the rows, and read back out of a restored copy. */
import type { ClickHouseClient } from '@clickhouse/client'
import type { RowFigures } from '../domain/rowFigures.ts'
import { BACKUP_FIGURES, DATA_TABLES, identifier, qualified } from '../../../crds/clickhouseTables.ts'
import { ask, clickhouseInstant } from './warehouse.ts'

/** Figures with a fingerprint of the parts that they were made from. */
export interface PartitionFigures extends RowFigures {
  readonly parts: string
}

export interface Recorded {
  /** Rows that were inserted later do not count. */
  readonly cutoff: Date
  readonly figures: readonly PartitionFigures[]
}

/** Which of the data tables a database has. */
export async function dataTables(client: ClickHouseClient, database: string): Promise<readonly string[]> {
  const tables = await ask<{ name: string }>(client, `SHOW TABLES FROM ${identifier(database)}`)
  const names = new Set(tables.map(({ name }) => name))
  return DATA_TABLES.filter((table) => names.has(table))
}

/** Rows that were inserted by `cutoff`, by partition; of the given partitions only, if any are given. */
export async function count(
  client: ClickHouseClient,
  database: string,
  tables: readonly string[],
  cutoff: Date,
): Promise<readonly RowFigures[]> {
  const figures = await Promise.all(tables.map((table) => countTable(client, database, table, cutoff)))
  return figures.flat()
}

async function countTable(
  client: ClickHouseClient,
  database: string,
  table: string,
  cutoff: Date,
  partitions?: readonly string[],
): Promise<readonly RowFigures[]> {
  const only = partitions ? 'AND _partition_id IN {partitions:Array(String)}' : ''
  return ask<RowFigures>(
    client,
    `SELECT {table:String} AS table, _partition_id AS partition, toString(count()) AS rows,
       toString(sum(cityHash64(*))) AS hashSum, toString(groupBitXor(cityHash64(*))) AS hashXor
     FROM ${qualified(database, table)}
     WHERE inserted_at <= parseDateTime64BestEffort({cutoff:String}, 3, 'UTC') ${only}
     GROUP BY partition ORDER BY partition`,
    { table, cutoff: cutoff.toISOString(), ...(partitions && { partitions }) },
  )
}

interface Parts {
  readonly table: string
  readonly partition: string
  readonly rows: string
  readonly parts: string
}

/**
 * The same, but a partition whose parts and rows are those of `last` is not read again: old ones are large, on slow
 * disks, and do not change.
 */
export async function recount(
  client: ClickHouseClient,
  database: string,
  cutoff: Date,
  last: readonly PartitionFigures[],
): Promise<readonly PartitionFigures[]> {
  const tables = await dataTables(client, database)
  const present = await ask<Parts>(
    client,
    `SELECT table, partition_id AS partition, toString(sum(rows)) AS rows,
       toString(groupBitXor(sipHash64(name, hash_of_all_files))) AS parts
     FROM system.parts WHERE active AND database = {database:String} AND table IN {tables:Array(String)}
     GROUP BY table, partition`,
    { database, tables },
  )
  const known = (parts: Parts) =>
    last.find(
      (figures) =>
        figures.table === parts.table &&
        figures.partition === parts.partition &&
        figures.parts === parts.parts &&
        figures.rows === parts.rows,
    )
  const reused = present.flatMap((parts) => known(parts) ?? [])
  const stale = Map.groupBy(
    present.filter((parts) => !known(parts)),
    ({ table }) => table,
  )
  const counted = await Promise.all(
    [...stale].map(async ([table, partitions]) => {
      const names = partitions.map(({ partition }) => partition)
      const figures = await countTable(client, database, table, cutoff, names)
      return figures.map((one) => ({
        ...one,
        parts: partitions.find(({ partition }) => partition === one.partition)?.parts ?? '0',
      }))
    }),
  )
  return [...reused, ...counted.flat()]
}

export async function record(
  client: ClickHouseClient,
  database: string,
  backup: string,
  { cutoff, figures }: Recorded,
): Promise<void> {
  if (figures.length === 0) return
  await client.insert({
    table: qualified(database, BACKUP_FIGURES),
    values: figures.map(({ table, partition, rows, hashSum, hashXor, parts }) => ({
      backup,
      cutoff: clickhouseInstant(cutoff),
      table,
      partition,
      rows,
      hash_sum: hashSum,
      hash_xor: hashXor,
      parts,
    })),
    format: 'JSONEachRow',
    clickhouse_settings: { async_insert: 0 },
  })
}

/** What was recorded before a backup; `undefined` when there was no row. */
export async function recorded(
  client: ClickHouseClient,
  database: string,
  backup: string,
): Promise<Recorded | undefined> {
  const rows = await ask<PartitionFigures & { cutoffMs: string }>(
    client,
    `SELECT table, partition, toString(rows) AS rows, toString(hash_sum) AS hashSum, toString(hash_xor) AS hashXor,
       toString(parts) AS parts, toString(toUnixTimestamp64Milli(cutoff)) AS cutoffMs
     FROM ${qualified(database, BACKUP_FIGURES)} WHERE backup = {backup:String}`,
    { backup },
  )
  const [first] = rows
  if (!first) return undefined
  return { cutoff: new Date(Number(first.cutoffMs)), figures: rows }
}
