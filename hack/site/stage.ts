/** Puts the pages of the site where its generator looks for them. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { FOLDERS, SECTIONS } from './contents.ts'
import { documentOf, folderOf, placeOf, sourceOf, targetsOf, type Entry } from './page.ts'

const run = promisify(execFile)

/** Of the repository: what is kept in it, so nothing that was built. */
async function filesOf(root: string): Promise<readonly string[]> {
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    maxBuffer: 1 << 26,
  })
  return stdout.split('\0').filter((path) => path !== '')
}

/** @returns every page that there is, by its path in the repository, beginning at the contents. @throws Error for a dead link */
export async function entriesOf(root: string): Promise<ReadonlyMap<string, Entry>> {
  const files = await filesOf(root)
  const isFile = new Set(files)
  const entries = new Map<string, Entry>()
  const waiting = [
    ...SECTIONS.flatMap(({ pages }) => pages),
    ...FOLDERS.flatMap(({ path }) => files.filter((file) => file.startsWith(`${path}/`))),
  ]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (entries.has(path)) continue
    const within = files.filter((file) => file.startsWith(`${path}/`))
    if (isFile.has(path)) entries.set(path, { path, kind: path.endsWith('.md') ? 'document' : 'source' })
    else if (within.length > 0) entries.set(path, { path, kind: 'folder' })
    else throw new Error(`a page leads to ${path}, which is not there`)
    waiting.push(...within)
    if (path.endsWith('.md')) waiting.push(...targetsOf(path, await readFile(join(root, path), 'utf8')))
  }
  return entries
}

/** Writes all of them into `to`, which is emptied before. */
export async function stage(root: string, to: string): Promise<number> {
  const entries = await entriesOf(root)
  await rm(to, { recursive: true, force: true })
  for (const entry of entries.values()) {
    const place = join(to, placeOf(entry))
    await mkdir(dirname(place), { recursive: true })
    await writeFile(place, await textOf(root, entry, entries))
  }
  return entries.size
}

async function textOf(root: string, { path, kind }: Entry, all: ReadonlyMap<string, Entry>): Promise<string> {
  if (kind === 'folder')
    return folderOf(
      path,
      [...all.values()]
        .filter((entry) => entry.path.startsWith(`${path}/`) && entry.kind !== 'folder')
        .sort((one, other) => one.path.localeCompare(other.path)),
    )
  const text = await readFile(join(root, path), 'utf8')
  return kind === 'document' ? documentOf(path, text, all) : sourceOf(path, text)
}
