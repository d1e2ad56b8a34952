/** Debian packages that are unpacked and not installed: mail servers would drive each other out of a system. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../cluster/exists.ts'
import { withLock } from '../../cluster/lock.ts'
import { cacheDir } from '../../cluster/paths.ts'
import { run } from '../../cluster/shell.ts'

/**
 * @returns the folder in which the package has its `usr`, with what it needs and the system lacks; once for a machine
 * @throws Error when we are not root, as whom mail servers start
 */
export async function unpacked(name: string): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error(`${name}: only root may start it`)
  const target = join(cacheDir, 'debian', name)
  const mark = join(target, 'complete')
  return withLock(`${target}.lock`, async () => {
    if (await exists(mark)) return target
    await rm(target, { recursive: true, force: true })
    const archives = join(target, 'archives')
    await mkdir(join(archives, 'partial'), { recursive: true })
    await download(name, archives).catch(async () => {
      await run('apt-get', ['update', '-qq'])
      await download(name, archives)
    })
    for (const file of await readdir(archives))
      if (file.endsWith('.deb')) await run('dpkg-deb', ['-x', join(archives, file), target])
    await rm(archives, { recursive: true })
    await mkdir(mark)
    return target
  })
}

const download = (name: string, archives: string): Promise<string> =>
  run('apt-get', [
    ...['install', '-y', '-qq', '--no-install-recommends', '--reinstall', '--download-only'],
    ...['-o', `Dir::Cache::Archives=${archives}`, '-o', 'APT::Sandbox::User=root'],
    ...['-o', 'DPkg::Lock::Timeout=300', name],
  ])
