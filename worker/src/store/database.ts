/** PostgreSQL through a pool, in a way that a pooler in transaction mode bears: nothing outlives a transaction but names that can be done without. */
import type { TLSSocket } from 'node:tls'
import type { PoolClient, QueryConfig, QueryResultRow } from 'pg'
import { readFileSync } from 'node:fs'
import { linedPem } from '../../../crds/pem.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseError, Pool } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { StatementNames } from './statementNames.ts'

/** Runs one statement; `$1` … are `values`. */
export interface Queryable {
  query<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
}

export interface Transaction extends Queryable {
  /** @param text `COPY … FROM STDIN` @param data all of its rows, as that has them */
  copy(text: string, data: string): Promise<void>
}

/** How a transaction is held: set within it, so that it reaches a server behind a pooler and ends with it. */
export interface Terms {
  /** The server ends a statement that takes longer, waits for locks included; unset = as the server is set up. */
  readonly statementMs?: number
  /** Its commit is on disk before it is told, also where the server does without by default. */
  readonly isDurable?: boolean
}

export interface Database extends Queryable {
  /** All or nothing; what `work` throws rolls back. It is run again when the server ended it for no fault of its own. */
  transaction<Value>(work: (transaction: Transaction) => Promise<Value>, terms?: Terms): Promise<Value>
  /** Whether the way to the server, or to its pooler, is encrypted, and whether the certificate at its end was verified. */
  encryption(): Promise<{ readonly tls: boolean; readonly verified: boolean }>
  /** Connections there are, those that nobody uses, and who waits for one. */
  pool(): { readonly total: number; readonly idle: number; readonly waiting: number }
  /** Statements are planned anew: a plan that is kept is that of a table as it was when it was made. */
  planAnew(): void
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly url: string
  /** PEM; makes TLS with a verified name mandatory. */
  readonly caFile?: string | undefined
  readonly connections: number
  readonly applicationName: string
  /** How long one statement is waited for, and for as long it may go on in the server; 0 = as long as it needs. */
  readonly queryMs?: number
  /** How long a connection may take to come about, or to be given back by somebody else. */
  readonly connectMs?: number
  /** Of its transactions, unless they say otherwise. */
  readonly terms?: Terms
  readonly onIdleError: (error: Error) => void
}

const CONNECT_MS = 10_000
const QUERY_MS = 60_000
/** What a role or a database is given reaches a connection when it is opened: none shows for long what was before. */
const LIFETIME_S = 120
const MOST_TURNS = 4

export function openDatabase(options: DatabaseOptions): Database {
  const pool = new Pool({
    ...connection(options),
    max: options.connections,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectMs ?? CONNECT_MS,
    query_timeout: options.queryMs ?? QUERY_MS,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: LIFETIME_S,
    keepAlive: true,
  })
  pool.on('error', options.onIdleError)
  const names = new StatementNames()
  const mayTryAgain = (error: unknown) => isVictim(error) || names.giveUp(error)
  return {
    query: (text, values) =>
      trying(mayTryAgain, async () => rowsOf(await pool.query(statement(names, text, values)))),
    transaction: (work, terms = options.terms ?? {}) =>
      trying(mayTryAgain, () => inTransaction(pool, names, work, beginning(terms))),
    encryption: () => withClient(pool, (client) => Promise.resolve(encryptionOf(client))),
    pool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    planAnew: () => {
      names.renew()
    },
    close: () => pool.end(),
  }
}

/** `sslmode` in a URL would override the CA, so it is taken out where a CA is given. */
function connection({ url, caFile }: DatabaseOptions) {
  if (caFile === undefined) return { connectionString: url }
  const bare = new URL(url)
  for (const name of ['sslmode', 'sslrootcert', 'channel_binding']) bare.searchParams.delete(name)
  return {
    connectionString: bare.href,
    ssl: verifiedBy(caFile),
  }
}

/** The file is read for each connection: an authority that is exchanged takes no restart. */
function verifiedBy(caFile: string) {
  let last = linedPem(readFileSync(caFile, 'utf8'))
  return {
    get ca() {
      try {
        last = linedPem(readFileSync(caFile, 'utf8'))
      } catch {
        // Taken away for a moment, or for good: what was read last stays in force.
      }
      return last
    },
    rejectUnauthorized: true,
  }
}

async function withClient<Value>(pool: Pool, work: (client: PoolClient) => Promise<Value>): Promise<Value> {
  const client = await pool.connect()
  // The pool listens only to idle clients, and an unheard error ends the process: the next query fails of it anyway.
  const hear = () => undefined
  client.on('error', hear)
  let failed = true
  try {
    const value = await work(client)
    failed = false
    return value
  } finally {
    client.release(failed)
    // One that was given back broken still has its end to tell.
    if (!failed) client.off('error', hear)
  }
}

/**
 * Who waits for each other in a circle is told so by the server, which ends one of them and undoes what it did: that
 * one tries again.
 */
async function trying<Value>(
  mayTryAgain: (error: unknown) => boolean,
  work: () => Promise<Value>,
): Promise<Value> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await work()
    } catch (error) {
      if (turn === MOST_TURNS || !mayTryAgain(error)) throw error
      await sleep(turn * (10 + 40 * Math.random()))
    }
  }
}

/** deadlock_detected and serialization_failure. */
const isVictim = (error: unknown): boolean =>
  error instanceof DatabaseError && (error.code === '40P01' || error.code === '40001')

/** Planning takes longer than most of our statements: those with values are planned once for each connection. */
function statement(names: StatementNames, text: string, values?: readonly unknown[]): QueryConfig {
  const name = values && names.nameOf(text)
  return { text, ...(values && { values: [...values] }), ...(name !== undefined && { name }) }
}

/** A weaker setting is raised only: one that waits for more than the own disk stays. */
const DURABLE = `SELECT set_config('synchronous_commit', 'on', true)
  WHERE current_setting('synchronous_commit') IN ('off', 'local')`

function beginning({ statementMs, isDurable = false }: Terms): string {
  const limit = statementMs === undefined ? [] : [`SET LOCAL statement_timeout = ${Math.ceil(statementMs)}`]
  return ['BEGIN', ...limit, ...(isDurable ? [DURABLE] : [])].join('; ')
}

/** What the driver says that no longer waits for an answer, while the server goes on. */
const GIVEN_UP = 'Query read timeout'

async function inTransaction<Value>(
  pool: Pool,
  names: StatementNames,
  work: (transaction: Transaction) => Promise<Value>,
  begin: string,
): Promise<Value> {
  const outcome = await withClient(pool, async (client) => {
    await client.query(begin)
    try {
      const value = await work({
        query: async (text, values) => rowsOf(await client.query(statement(names, text, values))),
        copy: (text, data) => copied(client, text, data),
      })
      await client.query('COMMIT')
      return { value }
    } catch (error) {
      // Nothing is heard on that connection before the statement ends; closed, it is rolled back all the same.
      if (error instanceof Error && error.message === GIVEN_UP) throw error
      await client.query('ROLLBACK')
      return { error }
    }
  })
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

function copied(client: PoolClient, text: string, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(copyFrom(text)).once('finish', resolve).once('error', reject).end(data)
  })
}

/** The one place where rows take the shape that their statement gives them. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names the shape
const rowsOf = <Row>({ rows }: { rows: unknown[] }): readonly Row[] => rows as Row[]

/** The driver's types show neither its socket nor what that was opened with. */
interface Connected {
  readonly connection?: {
    readonly stream?: Partial<TLSSocket>
    readonly ssl?: boolean | { readonly rejectUnauthorized?: boolean }
  }
}

/** A good certificate counts only where another one would have been refused. */
function encryptionOf(client: PoolClient) {
  const { stream, ssl = false } = (client as unknown as Connected).connection ?? {}
  const enforced = ssl === true || (ssl !== false && ssl.rejectUnauthorized !== false)
  const tls = stream?.encrypted === true
  return { tls, verified: tls && enforced && stream.authorized === true }
}
