/** A lock between processes: a folder can be made only once. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const RETRY_MS = 500

/** Runs `work` while nobody else holds `path`; a holder that died is taken over. */
export async function withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  await mkdir(dirname(path), { recursive: true })
  while (!(await acquire(path))) await sleep(RETRY_MS)
  try {
    return await work()
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

async function acquire(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    await writeFile(join(path, 'pid'), String(process.pid))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (await abandoned(path)) await rm(path, { recursive: true, force: true })
    return false
  }
}

async function abandoned(path: string): Promise<boolean> {
  const pid = Number(await readFile(join(path, 'pid'), 'utf8').catch(() => ''))
  if (pid > 0) return !alive(pid)
  // Made a moment ago and not signed yet, or made by somebody who died in between.
  const made = await stat(path).catch(() => undefined)
  return made !== undefined && Date.now() - made.mtimeMs > 10_000
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
