/**
 * A stand-in for a ClickHouse server: the real engine (chdb) behind the part of the HTTP interface that clients use.
 *
 * What it shows: statements, settings, parameters, formats, insert deduplication, storage policies, TTL moves, backups
 * and error codes of the engine itself. What it cannot show, because the engine in a library has none of it: users,
 * roles and grants (names and passwords are checked here, nothing else), TLS, the native port, `system.*_log`,
 * Keeper and replicated tables, concurrency (statements run one after the other), compressed requests.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { timingSafeEqual } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Session } from 'chdb'
import { clickhouseConfig, clickhouseUsers } from './clickhouseConfig.ts'
import { listen } from './listen.ts'

export interface ClickhouseStandInOptions {
  /** Absolute; the engine keeps its data there and no other process may have it open. */
  readonly dataDir: string
  /** Server configuration in XML: storage policies, backups, named collections. */
  readonly configFile?: string
  /** 0 = any free port. */
  readonly port: number
  readonly host?: string
  /** Without a name everyone is let in. */
  readonly username?: string
  readonly password?: string
  /** Others who are let in, by name; all of them are one user of the engine. */
  readonly users?: Readonly<Record<string, string>>
  /** Is told every statement, as a server's query log would be. */
  readonly onStatement?: (statement: string) => void
}

const silent = () => undefined

export interface StandIn {
  readonly url: string
  close(): Promise<void>
}

/** Parameters of a request that are not settings of the statement. */
const NOT_SETTINGS = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'user',
  'password',
  'session_id',
  'session_timeout',
  'session_check',
  'enable_http_compression',
  'compress',
  'decompress',
  'role',
])
const MAX_BODY_BYTES = 256 * 1024 * 1024

/** Starts the engine and its front; one per process, the engine knows only one folder. */
export async function startClickhouse(options: ClickhouseStandInOptions): Promise<StandIn> {
  const engine = new Session(join(options.dataDir, 'engine'), {
    ...(options.configFile !== undefined && { connectionArgs: [`--config-file=${options.configFile}`] }),
  })
  let last: Promise<unknown> = Promise.resolve()
  const server = createServer((request, response) => {
    const answer = async () => {
      if (request.url === '/ping') return void response.end('Ok.\n')
      const given = loginOf(request)
      if (!isAllowed(given, options)) {
        const words = 'Authentication failed: password is incorrect, or there is no user with such name.'
        refuse(response, 516, `${given.username}: ${words} (AUTHENTICATION_FAILED)`)
        return
      }
      const body = await bodyOf(request)
      const turn = last.then(() =>
        run(
          engine,
          new URL(request.url ?? '/', 'http://front'),
          body,
          response,
          options.onStatement ?? silent,
        ),
      )
      last = turn
      await turn
    }
    answer().catch((error: unknown) => {
      refuse(response, 1002, error instanceof Error ? error.message : String(error))
    })
  })
  const { url, close } = await listen(server, options.port, options.host)
  return {
    url,
    close: async () => {
      await close()
      await last
      engine.close()
    },
  }
}

async function run(
  engine: Session,
  url: URL,
  body: string,
  response: ServerResponse,
  told: (statement: string) => void,
): Promise<void> {
  const parameters = url.searchParams
  const statement = [parameters.get('query'), body].filter(Boolean).join('\n')
  // What an insert brings along comes apart from its statement, and is nobody's business here.
  told(parameters.get('query') ?? body)
  const settings = [...parameters].filter(([name]) => !NOT_SETTINGS.has(name))
  const names = settings.map(([name]) => name)
  const set = async (assignments: readonly string[]) => {
    if (assignments.length > 0) await engine.queryAsync(`SET ${assignments.join(', ')}`)
  }
  try {
    await engine.queryAsync(`USE ${identifier(parameters.get('database') ?? 'default')}`)
    await set(settings.map(([name, value]) => `${identifier(name)} = ${literal(value)}`))
    const format = parameters.get('default_format') ?? 'TabSeparated'
    const result = await engine.queryAsync(statement, { format })
    response.setHeader('X-ClickHouse-Query-Id', parameters.get('query_id') ?? '')
    response.setHeader('X-ClickHouse-Format', format)
    response.end(result.bytes())
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    refuse(response, Number(/Code: (\d+)/.exec(message)?.[1] ?? 1002), message)
  } finally {
    await set(
      names.filter((name) => !name.startsWith('param_')).map((name) => `${identifier(name)} = DEFAULT`),
    ).catch(() => undefined)
  }
}

function refuse(response: ServerResponse, code: number, message: string): void {
  response.statusCode = code === 516 ? 403 : code === 497 ? 403 : code === 60 || code === 81 ? 404 : 500
  response.setHeader('X-ClickHouse-Exception-Code', String(code))
  response.end(message.startsWith('Code:') ? message : `Code: ${code}. DB::Exception: ${message}\n`)
}

interface Login {
  readonly username: string
  readonly password: string
}

function loginOf({ headers }: IncomingMessage): Login {
  const basic = /^Basic (.+)$/i.exec(headers.authorization ?? '')?.[1]
  const one = (header: string | string[] | undefined) => (Array.isArray(header) ? '' : (header ?? ''))
  if (basic === undefined)
    return { username: one(headers['x-clickhouse-user']), password: one(headers['x-clickhouse-key']) }
  const [username = '', ...password] = Buffer.from(basic, 'base64').toString().split(':')
  return { username, password: password.join(':') }
}

function isAllowed(given: Login, { username, password = '', users }: ClickhouseStandInOptions): boolean {
  if (username === undefined) return true
  const known = new Map([...Object.entries(users ?? {}), [username, password] as const])
  const expected = known.get(given.username)
  return expected !== undefined && equal(given.password, expected)
}

function equal(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request) {
    const bytes = chunk as Buffer
    sizeBytes += bytes.length
    if (sizeBytes > MAX_BODY_BYTES) throw new Error('the request is too large')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString()
}

const identifier = (name: string): string => `\`${name.replace(/[\\`]/g, '\\$&')}\``
const literal = (value: string): string => `'${value.replace(/[\\']/g, '\\$&')}'`

/** The configuration that the environment asks for, written beside the data; none without `S3_ENDPOINT`. */
async function writeConfig(dataDir: string): Promise<string | undefined> {
  const { S3_ENDPOINT: endpoint, S3_BUCKET: bucket = 'batchsender', GRANTS, SECOND_DISK } = process.env
  if (endpoint === undefined) return undefined
  await mkdir(dataDir, { recursive: true })
  const usersFile = join(dataDir, 'users.xml')
  if (GRANTS !== undefined) await writeFile(usersFile, clickhouseUsers(GRANTS.split('\n')))
  const configFile = join(dataDir, 'config.xml')
  const users = GRANTS === undefined ? {} : { usersFile }
  await writeFile(
    configFile,
    clickhouseConfig({ endpoint, bucket, dataDir, secondDisk: SECOND_DISK === 'true', ...users }),
  )
  return configFile
}

if (import.meta.main) {
  const { DATA_DIR = '/var/lib/clickhouse', HTTP_PORT, USERNAME, PASSWORD, USERS = '{}' } = process.env
  const configFile = await writeConfig(DATA_DIR)
  const standIn = await startClickhouse({
    dataDir: DATA_DIR,
    port: Number(HTTP_PORT ?? 8123),
    host: '0.0.0.0',
    ...(configFile !== undefined && { configFile }),
    ...(USERNAME !== undefined && { username: USERNAME }),
    ...(PASSWORD !== undefined && { password: PASSWORD }),
    users: JSON.parse(USERS) as Readonly<Record<string, string>>,
    onStatement: (statement) => {
      console.log(`statement: ${statement}`)
    },
  })
  console.log(`ClickHouse stand-in at ${standIn.url}`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void standIn.close().then(() => process.exit(0)))
  }
}
