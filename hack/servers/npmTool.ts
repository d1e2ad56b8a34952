/** Packages from npm outside the workspaces, installed once for each state of their lock file. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../cluster/shell.ts'
import { installed } from './installed.ts'

const PATIENCE_MS = 180_000

/**
 * @param sources folder with a package.json and a package-lock.json, and nothing that changes more often
 * @returns the folder node_modules.
 * @throws Error with npm's words when it does not install in three minutes.
 */
export async function npmTool(name: string, sources: string): Promise<string> {
  const folder = await installed(name, sources, async (target) => {
    for (const file of ['package.json', 'package-lock.json'])
      await cp(join(sources, file), join(target, file))
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: target,
      timeout: PATIENCE_MS,
    })
  })
  return join(folder, 'node_modules')
}
