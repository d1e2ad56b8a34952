/** A table in ClickHouse that workers write, and the insert that may be repeated. */
import { ClickHouseError, createClient } from '@clickhouse/client'
import { linedPem } from '../../../crds/pem.ts'
import { createDatabase, createTable, qualified, type DataTable } from '../../../crds/clickhouseTables.ts'
import type { Lot } from '../store/outbox.ts'
import type { Sink } from './flusher.ts'

export interface ClickhouseOptions {
  readonly url: string
  readonly database: string
  readonly username: string | undefined
  readonly password: string | undefined
  /** PEM. */
  readonly ca: string | undefined
  /** Whether a missing table is made, or waited for. */
  readonly creates: boolean
  readonly table: DataTable
}

const UNKNOWN_DATABASE = '81'
const ACCESS_DENIED = '497'
const REQUEST_MS = 30_000

/**
 * Lots are inserted synchronously (`async_insert` is on by default since 26.2) and named by a token: a plain MergeTree
 * drops a lot it has seen among its last thousand.
 */
export function clickhouseSink<Row>({
  url,
  database,
  username,
  password,
  ca,
  creates,
  table: name,
}: ClickhouseOptions): Sink<Row> {
  const client = createClient({
    url,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { tls: { ca_cert: Buffer.from(linedPem(ca)) } }),
    request_timeout: REQUEST_MS,
    log: { level: 127 },
  })
  const table = qualified(database, name)
  let isPrepared = !creates
  return {
    insert: async ({ token, rows }: Lot<Row>) => {
      if (!isPrepared) await ensureTable(client, database, name)
      isPrepared = true
      const inserted = client.insert({
        table,
        values: rows,
        format: 'JSONEachRow',
        clickhouse_settings: { async_insert: 0, insert_deduplicate: 1, insert_deduplication_token: token },
      })
      await inserted.catch(withWords)
    },
    close: () => client.close(),
  }
}

/** A server that had begun its answer tells of a failure in a header alone, of which the client makes an error without words. */
function withWords(error: unknown): never {
  if (!(error instanceof Error) || error.message !== '') throw error
  const { code = 'of no number' } = error as { readonly code?: string }
  throw new Error(`ClickHouse failed after it had begun to answer: exception ${code}, see its log`, {
    cause: error,
  })
}

/** A user without the right to create is told apart later, by its insert, if the table is not there. */
async function ensureTable(
  client: ReturnType<typeof createClient>,
  database: string,
  table: DataTable,
): Promise<void> {
  const statement = createTable(database, table)
  try {
    await client.command({ query: statement })
  } catch (error) {
    const code = error instanceof ClickHouseError ? error.code : undefined
    if (code === UNKNOWN_DATABASE) {
      await client.command({ query: createDatabase(database) })
      await client.command({ query: statement })
    } else if (code !== ACCESS_DENIED) throw error
  }
}
