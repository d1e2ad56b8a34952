/** The ClickHouse stand-in (the engine behind an HTTP front) in a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3Server } from './s3.ts'
import { ChildServer } from './childServer.ts'
import { freePort } from './ports.ts'

export interface ClickhouseServer {
  readonly url: string
  log(): string
  /** Down with its data kept, until `start`. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

export interface ClickhouseOptions {
  /** With a bucket the server has the disk `s3`, the policy `archive_v1` and the named collection `backup_s3`. */
  readonly s3?: S3Server
  /** What whoever comes may do, such as `SELECT ON batchsender.*`; everything without it. Needs `s3`. */
  readonly grants?: readonly string[]
  /** The disk `s3_2` and the policy `archive_v2` beside them. Needs `s3`. */
  readonly secondDisk?: boolean
  /** Folder with the data; it outlives the server. Without it the server has one of its own. */
  readonly dataDir?: string
  readonly username?: string
  readonly password?: string
  /** Others who are let in, with their passwords. */
  readonly users?: Readonly<Record<string, string>>
}

export async function startClickhouse(options: ClickhouseOptions = {}): Promise<ClickhouseServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'batchsender-clickhouse-')))
  const port = await freePort()
  const server = new ChildServer({
    program: process.execPath,
    args: [join(import.meta.dirname, '../standins/clickhouse.ts')],
    env: {
      ...process.env,
      DATA_DIR: dataDir,
      HTTP_PORT: String(port),
      ...s3Environment(options),
      ...(options.secondDisk === true && { SECOND_DISK: 'true' }),
      ...(options.username !== undefined && { USERNAME: options.username }),
      ...(options.password !== undefined && { PASSWORD: options.password }),
      ...(options.users && { USERS: JSON.stringify(options.users) }),
    },
    port,
  })
  const start = async () => {
    await server.start()
  }
  await start()
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => server.log,
    kill: () => server.kill(),
    start,
    stop: async () => {
      await server.stop()
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
}

function s3Environment({ s3, grants }: ClickhouseOptions): Record<string, string> {
  if (!s3) return {}
  return {
    S3_ENDPOINT: s3.url,
    S3_BUCKET: s3.bucket,
    S3_ACCESS_KEY: s3.accessKey,
    S3_SECRET_KEY: s3.secretKey,
    ...(grants && { GRANTS: grants.join('\n') }),
  }
}
