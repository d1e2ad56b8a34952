/**
 * The sources of the release before this one, from Git: what ran where this one is to run. There is none in a checkout
 * without that history; UPGRADE_FROM names another commit.
 */
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'

const FOLDERS = ['crds', 'operator', 'worker', 'hack']

export interface Sources {
  readonly root: string
  remove(): Promise<void>
}

/** @returns its commit: the one before that which gave crds/release.ts its version */
export async function previousCommit(): Promise<string | undefined> {
  const git = (...args: readonly string[]) =>
    run('git', args, { cwd: repositoryDir }).then(
      (text) => text.trim(),
      () => '',
    )
  const { UPGRADE_FROM } = process.env
  if (UPGRADE_FROM !== undefined && UPGRADE_FROM !== '') return UPGRADE_FROM
  const raised = await git('log', '-1', '--format=%H', '-G^const VERSION', '--', 'crds/release.ts')
  const before = raised === '' ? '' : await git('rev-parse', '--verify', '--quiet', `${raised}^1`)
  return before === '' ? undefined : before
}

/** With the modules of this checkout, whose versions are its own: sources without a build differ by themselves alone. */
export async function sourcesOf(commit: string): Promise<Sources> {
  const root = await mkdtemp(join(tmpdir(), 'batchsender-previous-'))
  const archive = join(root, 'sources.tar')
  await run('git', ['archive', '-o', archive, commit, 'package.json', 'config', ...FOLDERS], {
    cwd: repositoryDir,
  })
  await run('tar', ['-xf', archive, '-C', root])
  for (const folder of ['.', ...FOLDERS]) {
    await mkdir(join(root, folder), { recursive: true })
    await symlink(join(repositoryDir, folder, 'node_modules'), join(root, folder, 'node_modules'))
  }
  return { root, remove: () => rm(root, { recursive: true, force: true }) }
}
