/** A person at a terminal: a shell, kubectl pointed at a namespace, a folder that is theirs. */
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../cluster/shell.ts'

export interface Surroundings {
  readonly kubectl: string
  readonly kubeconfig: string
  readonly namespace: string
}

export interface Shell {
  /** Where commands run, and leave their files. */
  readonly dir: string
  /**
   * Runs lines as `sh` reads them, until one fails.
   *
   * @param env beside PATH and KUBECONFIG
   * @returns what they print. @throws Error with the last lines of their standard error
   */
  run(text: string, env?: Readonly<Record<string, string>>): Promise<string>
  close(): Promise<void>
}

/** @param surroundings where there is a cluster */
export async function openShell(surroundings?: Surroundings): Promise<Shell> {
  const home = await mkdtemp(join(tmpdir(), 'batchsender-shell-'))
  const dir = join(home, 'here')
  await mkdir(dir)
  const known = surroundings ? await pointed(home, surroundings) : { PATH: process.env['PATH'] ?? '' }
  return {
    dir,
    run: (text, env = {}) =>
      run('sh', ['-eu', '-c', text], { cwd: dir, env: { HOME: home, TZ: 'UTC', ...known, ...env } }),
    close: () => rm(home, { recursive: true, force: true }),
  }
}

async function pointed(home: string, { kubectl, kubeconfig, namespace }: Surroundings) {
  const bin = join(home, 'bin')
  const own = join(home, 'kubeconfig')
  await mkdir(bin)
  await symlink(kubectl, join(bin, 'kubectl'))
  await copyFile(kubeconfig, own)
  await run(kubectl, ['--kubeconfig', own, 'config', 'set-context', '--current', `--namespace=${namespace}`])
  return { PATH: `${bin}:${process.env['PATH'] ?? ''}`, KUBECONFIG: own }
}
