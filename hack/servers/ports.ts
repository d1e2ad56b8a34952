/**
 * Ports for the servers of tests. A port that was free a moment ago may be handed out twice before its server holds it;
 * these come from below the range that the kernel hands out by itself (ip(7), `ip_local_port_range`), and each belongs
 * to one process from the moment it is chosen until that process ends.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Above what services of a machine use, below NodePorts (30000) and the kernel's own range (32768). */
const FIRST = 12_000
const LAST = 29_999
const directory = join(tmpdir(), 'batchsender-ports')
const held = new Set<string>()

process.once('exit', () => {
  for (const file of held) rmSync(file, { force: true })
})

/** @throws Error when none is left. */
export async function freePort(): Promise<number> {
  mkdirSync(directory, { recursive: true })
  const count = LAST - FIRST + 1
  const start = Math.floor(Math.random() * count)
  for (let step = 0; step < count; step += 1) {
    const port = FIRST + ((start + step) % count)
    if (claim(join(directory, String(port))) && (await isFree(port))) return port
  }
  throw new Error(`no port is left between ${FIRST} and ${LAST}`)
}

/** @returns whether the port is this process' from now on. */
function claim(file: string): boolean {
  if (isTaken(file)) return false
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
  held.add(file)
  return true
}

/** What a process that is gone left behind is cleared away; a rename has one winner. */
function isTaken(file: string): boolean {
  const holder = holderOf(file)
  if (holder === undefined) return false
  if (isAlive(holder)) return true
  const left = `${file}.${process.pid}`
  try {
    renameSync(file, left)
  } catch {
    return true
  }
  const moved = holderOf(left)
  rmSync(left, { force: true })
  // Somebody cleared it away first and holds it now: what was moved is theirs.
  if (moved === holder) return false
  writeFileSync(file, String(moved))
  return true
}

function holderOf(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isCode(error, 'EPERM')
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server
      .once('error', () => {
        resolve(false)
      })
      .listen(port, '127.0.0.1', () => {
        server.close(() => {
          resolve(true)
        })
      })
  })
}
