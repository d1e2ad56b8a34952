/** A program from PyPI in an environment of its own, installed once for each list of requirements. */
import { createHash } from 'node:crypto'
import { access, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withLock } from '../cluster/lock.ts'
import { installPackages } from '../cluster/packages.ts'
import { cacheDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'

/**
 * @param requirements a file that pins every package, those that others need included
 * @returns the path of the program.
 */
export async function pythonTool(name: string, requirements: string): Promise<string> {
  const stamp = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12)
  const target = join(cacheDir, 'python', `${name}-${stamp}`)
  await mkdir(join(cacheDir, 'python'), { recursive: true })
  return withLock(`${target}.lock`, async () => {
    const isComplete = await access(join(target, 'complete')).then(
      () => true,
      () => false,
    )
    if (!isComplete) await createEnvironment(name, target, requirements)
    return join(target, 'bin', name)
  })
}

/** Scripts of an environment name its folder, so it is made where it stays; a mark says that it is complete. */
async function createEnvironment(name: string, target: string, requirements: string): Promise<void> {
  await rm(target, { recursive: true, force: true })
  await ensureVenv(name)
  await run('python3', ['-m', 'venv', target])
  const python3 = join(target, 'bin/python')
  await run(python3, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--requirement', requirements])
  await mkdir(join(target, 'complete'))
}

/** Debian has the module apart from Python. */
async function ensureVenv(who: string): Promise<void> {
  const isThere = await run('python3', ['-c', 'import ensurepip, venv']).then(
    () => true,
    () => false,
  )
  if (!isThere) await installPackages(who, ['python3-venv'])
}
