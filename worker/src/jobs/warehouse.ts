/** ClickHouse as the Jobs use it: backups, restores and the list of them. No value of a user ends up in a statement. */
import type { ClickHouseClient } from '@clickhouse/client'
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { linedPem } from '../../../crds/pem.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { nameOfManifest, storedBackups, type StoredManifest } from '../../../crds/storedBackups.ts'
import { BACKUP_CHECKS, BACKUP_LOG, identifier, literal, qualified } from '../../../crds/clickhouseTables.ts'
import { firstLine } from '../../../crds/firstLine.ts'

const REQUEST_MS = 300_000
const POLL_MS = 500
/** Tries of each request to S3, so that an unreachable server is known within seconds, not hours. */
const S3_TRIES = 5

/** @property checkedMs milliseconds since 1970, as text */
export interface Check {
  readonly name: string
  readonly checkedMs: string
  readonly failed: boolean | number
}

export interface Credentials {
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** PEM of the authorities to trust, where they are private. */
  readonly ca?: string | undefined
}

/** @throws Error with the server's first line */
export function openClickhouse(url: string, { username, password, ca }: Credentials): ClickHouseClient {
  return createClient({
    url,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { tls: { ca_cert: Buffer.from(linedPem(ca)) } }),
    application: 'batchsender-job',
    request_timeout: REQUEST_MS,
    log: { level: ClickHouseLogLevel.OFF },
  })
}

export async function ask<Row>(
  client: ClickHouseClient,
  query: string,
  query_params: Record<string, unknown> = {},
): Promise<readonly Row[]> {
  const result = await client.query({ query, query_params, format: 'JSONEachRow' })
  return result.json<Row>()
}

/** The newest backup that came to its end; of one kind, if asked. */
export async function newestBackup(
  client: ClickHouseClient,
  database: string,
  kind?: 'full',
): Promise<string | undefined> {
  const [newest] = await ask<{ backup: string }>(
    client,
    `SELECT backup FROM ${qualified(database, BACKUP_LOG)} ${kind === undefined ? '' : 'WHERE kind = {kind:String}'}
     ORDER BY completed_at DESC LIMIT 1`,
    { kind },
  )
  return newest?.backup
}

export async function logBackup(
  client: ClickHouseClient,
  database: string,
  entry: { backup: string; kind: string; base: string; cutoff: Date; sizeBytes: number },
): Promise<void> {
  const { backup, kind, base, cutoff, sizeBytes } = entry
  await client.insert({
    table: qualified(database, BACKUP_LOG),
    values: [{ backup, kind, base, cutoff: clickhouseInstant(cutoff), size_bytes: sizeBytes }],
    format: 'JSONEachRow',
    clickhouse_settings: { async_insert: 0 },
  })
}

/** Notes what came of restoring a backup; `error` is empty where everything was equal. */
export async function noteCheck(
  client: ClickHouseClient,
  database: string,
  check: { backup: string; rows: number; partitions: number; hash: string; error: string },
): Promise<void> {
  await client.insert({
    table: qualified(database, BACKUP_CHECKS),
    values: [check],
    format: 'JSONEachRow',
    clickhouse_settings: { async_insert: 0 },
  })
}

/** The last check of each backup. */
export async function checksOf(client: ClickHouseClient, database: string): Promise<readonly Check[]> {
  return ask<Check>(
    client,
    `SELECT backup AS name, toString(toUnixTimestamp64Milli(max(checked_at))) AS checkedMs,
       argMax(error, checked_at) != '' AS failed
     FROM ${qualified(database, BACKUP_CHECKS)} GROUP BY backup`,
  )
}

/** Names of backups of the list, newest first. */
export async function listedBackups(client: ClickHouseClient, database: string): Promise<readonly string[]> {
  const rows = await ask<{ backup: string }>(
    client,
    `SELECT backup FROM ${qualified(database, BACKUP_LOG)} ORDER BY completed_at DESC LIMIT ${MOST_LISTED}`,
  )
  return rows.map(({ backup }) => backup)
}

const MOST_LISTED = 20_000

/** Which of some backups are at the destination. */
export async function storedAmong(
  client: ClickHouseClient,
  collection: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const query = storedBackups(collection, names, S3_TRIES)
  return query === undefined ? [] : (await ask<StoredManifest>(client, query)).map(nameOfManifest)
}

/** The server's clock: `inserted_at` is by it. */
export async function serverNow(client: ClickHouseClient): Promise<Date> {
  const [row] = await ask<{ ms: string }>(client, 'SELECT toString(toUnixTimestamp64Milli(now64(3))) AS ms')
  return new Date(Number(row?.ms))
}

/** The base of an increment is not where it was. */
export class BaseNotFound extends Error {
  override readonly name = 'BaseNotFound'
}

/** @returns its size in bytes. @throws Error with the server's first line; BaseNotFound */
export async function makeBackup(
  client: ClickHouseClient,
  { database, collection, name, base }: { database: string; collection: string; name: string; base?: string },
  signal: AbortSignal,
): Promise<number> {
  const place = (backup: string) => `S3(${identifier(collection)}, ${literal(backup)})`
  const settings = [
    `id = ${literal(name)}`,
    `backup_restore_s3_retry_attempts = ${S3_TRIES}`,
    ...(base === undefined ? [] : [`base_backup = ${place(base)}`]),
  ]
  const statement = `BACKUP DATABASE ${identifier(database)} TO ${place(name)} SETTINGS ${settings.join(', ')} ASYNC`
  await client.command({ query: statement })
  return finished(client, name, 'BACKUP_CREATED', signal)
}

/** Into a database of its own, which must not exist. @throws Error with the server's first line */
export async function restore(
  client: ClickHouseClient,
  { database, copy, collection, name }: { database: string; copy: string; collection: string; name: string },
  signal: AbortSignal,
): Promise<void> {
  const id = `${name}-${Date.now()}`
  const from = `S3(${identifier(collection)}, ${literal(name)})`
  const statement = `RESTORE DATABASE ${identifier(database)} AS ${identifier(copy)} FROM ${from}
    SETTINGS id = ${literal(id)}, backup_restore_s3_retry_attempts = ${S3_TRIES} ASYNC`
  await client.command({ query: statement })
  await finished(client, id, 'RESTORED', signal)
}

/** Reads every part of a table against its checksums. @returns one phrase for each that is broken */
export async function brokenParts(
  client: ClickHouseClient,
  database: string,
  table: string,
): Promise<readonly string[]> {
  const parts = await ask<{ part_path: string; is_passed: number; message: string }>(
    client,
    `CHECK TABLE ${qualified(database, table)} SETTINGS check_query_single_value_result = 0`,
  )
  return parts
    .filter(({ is_passed }) => is_passed !== 1)
    .map(({ part_path, message }) => `part ${part_path} of ${table} is broken: ${firstLine(message)}`)
}

export async function drop(client: ClickHouseClient, database: string): Promise<void> {
  await client.command({ query: `DROP DATABASE IF EXISTS ${identifier(database)} SYNC` })
}

async function finished(
  client: ClickHouseClient,
  id: string,
  good: string,
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    const [row] = await ask<{ status: string; error: string; size: string }>(
      client,
      'SELECT status, error, toString(total_size) AS size FROM system.backups WHERE id = {id:String}',
      { id },
    )
    if (!row) throw new Error('the server has forgotten the operation: it was restarted')
    if (row.status === good) return Number(row.size)
    if (/FAILED|CANCELLED/.test(row.status)) throw failure(row.error)
    await sleep(POLL_MS, undefined, { signal })
  }
}

/** Stack traces are for the server's own log. */
function failure(error: string): Error {
  const line = firstLine(error).replace(/, Stack trace.*$/, '')
  return /^Code: 599\b/.test(line) ? new BaseNotFound(line) : new Error(line)
}

export function clickhouseInstant(at: Date): string {
  return at.toISOString().replace('T', ' ').replace('Z', '')
}
