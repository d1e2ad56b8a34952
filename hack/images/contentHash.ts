/** What a file or a folder holds, as a short text that changes with it. */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { repositoryDir } from '../cluster/paths.ts'

/** Hash over files and folders; tests do not go into images. */
export async function hashOf(paths: readonly string[], seed = ''): Promise<string> {
  const hash = createHash('sha256').update(seed)
  for (const path of paths)
    for (const file of await filesBelow(path)) {
      hash.update(relative(repositoryDir, file)).update(await readFile(file))
    }
  return hash.digest('hex').slice(0, 12)
}

async function filesBelow(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return []
  if (found.isFile()) return path.endsWith('.test.ts') ? [] : [path]
  const names = (await readdir(path)).filter((name) => name !== 'node_modules').sort()
  return (await Promise.all(names.map((name) => filesBelow(join(path, name))))).flat()
}
