/** A real PgBouncer in transaction mode, in front of a PostgreSQL on the loopback interface. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureCommands } from '../cluster/packages.ts'
import { ChildServer } from './childServer.ts'
import { freePort } from './ports.ts'

export interface Pgbouncer {
  /** Leads to the same database by way of the pooler. */
  readonly url: string
  stop(): Promise<void>
}

/** @param url of the server @param connections of the pooler to it: fewer than its clients, so that they take turns */
export async function startPgbouncer(url: string, connections: number): Promise<Pgbouncer> {
  await ensureCommands('PgBouncer', { pgbouncer: 'pgbouncer' })
  const { hostname, port: serverPort, username, password, pathname } = new URL(url)
  const port = await freePort()
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-pgbouncer-'))
  const database = pathname.slice(1) || 'postgres'
  const login = password === '' ? '' : ` password='${decodeURIComponent(password)}'`
  const file = join(dir, 'pgbouncer.ini')
  await writeFile(
    file,
    `[databases]
${database} = host=${hostname} port=${serverPort} user=${username}${login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${connections}
max_client_conn = 100
ignore_startup_parameters = extra_float_digits
`,
  )
  // It does not run as root.
  await chmod(dir, 0o755)
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const server = new ChildServer({ program: 'pgbouncer', args: [...asNobody, file], port })
  await server.start()
  const pooled = new URL(url)
  pooled.host = `127.0.0.1:${port}`
  return {
    url: pooled.href,
    stop: async () => {
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
