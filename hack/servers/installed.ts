/** What is installed or built once for each state of its sources, into the cache, and then taken from there. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withLock } from '../cluster/lock.ts'
import { cacheDir } from '../cluster/paths.ts'
import { exists } from '../cluster/exists.ts'

/**
 * @param sources a folder; a change to any file in it makes another one in the cache
 * @param install fills the folder that it is given
 * @returns that folder.
 */
export async function installed(
  name: string,
  sources: string,
  install: (target: string) => Promise<void>,
): Promise<string> {
  const target = join(cacheDir, 'installed', `${name}-${await stampOf(sources)}`)
  const mark = join(target, 'complete')
  await mkdir(join(cacheDir, 'installed'), { recursive: true })
  return withLock(`${target}.lock`, async () => {
    if (await exists(mark)) return target
    await rm(target, { recursive: true, force: true })
    await mkdir(target)
    await install(target)
    await mkdir(mark)
    return target
  })
}

async function stampOf(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.sort()) hash.update(file.slice(folder.length)).update(await readFile(file))
  return hash.digest('hex').slice(0, 12)
}
