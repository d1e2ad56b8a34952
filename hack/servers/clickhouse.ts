/** The ClickHouse stand-in (the engine behind an HTTP front) in a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChildServer } from './childServer.ts'
import { freePort } from './process.ts'

export interface ClickhouseServer {
  readonly url: string
  log(): string
  /** Down with its data kept, until `start`. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

export interface ClickhouseOptions {
  readonly configFile?: string
  readonly username?: string
  readonly password?: string
}

export async function startClickhouse(options: ClickhouseOptions = {}): Promise<ClickhouseServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'batchsender-clickhouse-'))
  const port = await freePort()
  const server = new ChildServer({
    program: process.execPath,
    args: [join(import.meta.dirname, '../standins/clickhouse.ts')],
    env: {
      ...process.env,
      DATA_DIR: dataDir,
      HTTP_PORT: String(port),
      ...(options.configFile !== undefined && { CONFIG_FILE: options.configFile }),
      ...(options.username !== undefined && { USERNAME: options.username }),
      ...(options.password !== undefined && { PASSWORD: options.password }),
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
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
