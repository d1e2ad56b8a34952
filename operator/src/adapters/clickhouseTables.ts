/** What a look at ClickHouse asks for: disks, storage policies, our tables and where their parts are. */
import type { ClickHouseClient } from '@clickhouse/client'
import type {
  ClickhouseSeen,
  PartFigures,
  StoragePolicy,
  TableSeen,
} from '../components/parts/clickhouseSeen.ts'
import { firstLine } from '../../../crds/firstLine.ts'

export interface ArchiveTarget {
  readonly database: string
  readonly tables: readonly string[]
  readonly disk: string
  /** As `system.parts` has it: `event_date + toIntervalDay(90)`. */
  readonly expression: string
}

type Seen = Omit<ClickhouseSeen & { reached: true }, 'reached'>

/** @throws what the client throws; a system table that may not be read is a missing right. */
export async function lookAtTables(
  client: ClickHouseClient,
  target: ArchiveTarget,
  signal: AbortSignal,
): Promise<Seen> {
  const ask = async <Row>(query: string): Promise<readonly Row[]> => {
    const { database, disk, expression } = target
    const tables = [...target.tables]
    const result = await client.query({
      query,
      query_params: { database, tables, disk, expression },
      format: 'JSONEachRow',
      abort_signal: signal,
    })
    return result.json<Row>()
  }
  const disks = await ask<{ name: string; is_broken: number }>('SELECT name, is_broken FROM system.disks')
  const volumes = await ask<Volume>(VOLUMES)
  const tables = await ask<Table>(TABLES)
  const mutations = await ask<{ table: string; failure: string }>(MUTATIONS)
  const parts = await ask<Parts>(PARTS)
  const partitions = await ask<Partition>(PARTITIONS)
  return {
    disks: disks.map(({ name, is_broken }) => ({ name, broken: is_broken !== 0 })),
    policies: policiesOf(volumes),
    tables: tables.map((table) => {
      const mutation = mutations.find((candidate) => candidate.table === table.name)
      return tableSeen(
        table,
        mutation,
        parts.find((candidate) => candidate.table === table.name),
        partitions.filter((candidate) => candidate.table === table.name),
      )
    }),
  }
}

const OURS = 'database = {database:String} AND'

const VOLUMES = `SELECT policy_name, volume_name, disks FROM system.storage_policies
  ORDER BY policy_name, volume_priority`

const TABLES = `SELECT name, toString(uuid) AS uuid, storage_policy, engine_full FROM system.tables
  WHERE ${OURS} name IN {tables:Array(String)} ORDER BY name`

const MUTATIONS = `SELECT table, max(latest_fail_reason) AS failure FROM system.mutations
  WHERE ${OURS} table IN {tables:Array(String)} AND NOT is_done AND command ILIKE '%MATERIALIZE TTL%' GROUP BY table`

/** A part is due since its time came, or since it was made: rows may arrive late. */
const PARTS = `SELECT table, countIf(NOT aware) AS unaware,
    countIf(due) AS due_parts, sumIf(bytes_on_disk, due) AS due_bytes, toUnixTimestamp(minIf(greatest(expires, modification_time), due)) AS due_since,
    countIf(cold) AS cold_parts, sumIf(bytes_on_disk, cold) AS cold_bytes, sumIf(rows, cold) AS cold_rows,
    countIf(cold AND expires > now()) AS early
  FROM (
    SELECT table, rows, bytes_on_disk, modification_time, disk_name = {disk:String} AS cold,
      has(move_ttl_info.expression, {expression:String}) AS aware,
      length(move_ttl_info.max) > 0 ? arrayMax(move_ttl_info.max) : toDateTime(0) AS expires,
      NOT cold AND length(move_ttl_info.max) > 0 AND expires < now() AS due
    FROM system.parts WHERE active AND ${OURS} table IN {tables:Array(String)}
  ) GROUP BY table`

/** By months there are not so many in a hundred years. */
const PARTITIONS = `SELECT table, partition_id AS id, sum(rows) AS rows
  FROM system.parts WHERE active AND ${OURS} table IN {tables:Array(String)} GROUP BY table, id
  ORDER BY id DESC LIMIT 2000`

interface Volume {
  readonly policy_name: string
  readonly volume_name: string
  readonly disks: readonly string[]
}

interface Table {
  readonly name: string
  readonly uuid: string
  readonly storage_policy: string
  readonly engine_full: string
}

/** Large numbers come as text or not, as the server's settings say. */
type Figure = number | string

interface Partition {
  readonly table: string
  readonly id: string
  readonly rows: Figure
}

interface Parts {
  readonly table: string
  readonly unaware: Figure
  readonly due_parts: Figure
  readonly due_bytes: Figure
  readonly due_since: Figure
  readonly cold_parts: Figure
  readonly cold_bytes: Figure
  readonly cold_rows: Figure
  readonly early: Figure
}

function policiesOf(rows: readonly Volume[]): StoragePolicy[] {
  const byName = Map.groupBy(rows, ({ policy_name }) => policy_name)
  return [...byName].map(([name, volumes]) => ({
    name,
    volumes: volumes.map(({ volume_name, disks }) => ({ name: volume_name, disks })),
  }))
}

function tableSeen(
  { name, uuid, storage_policy, engine_full }: Table,
  mutation: { readonly failure: string } | undefined,
  parts: Parts | undefined,
  partitions: readonly Partition[],
): TableSeen {
  const failure = firstLine(mutation?.failure ?? '')
  return {
    name,
    uuid,
    partitions: partitions.map(({ id, rows }) => ({ id, rows: Number(rows) })),
    storagePolicy: storage_policy,
    engineFull: engine_full,
    ...(mutation && { mutation: failure === '' ? {} : { failure } }),
    parts: parts ? partFigures(parts) : NO_PARTS,
  }
}

const NO_PARTS: PartFigures = {
  unaware: 0,
  due: { parts: 0, bytes: 0 },
  cold: { parts: 0, bytes: 0, rows: 0 },
  early: 0,
}

function partFigures(row: Parts): PartFigures {
  const due = { parts: Number(row.due_parts), bytes: Number(row.due_bytes) }
  return {
    unaware: Number(row.unaware),
    due: due.parts === 0 ? due : { ...due, since: new Date(Number(row.due_since) * 1000) },
    cold: { parts: Number(row.cold_parts), bytes: Number(row.cold_bytes), rows: Number(row.cold_rows) },
    early: Number(row.early),
  }
}
