/** Where the local cluster keeps what outlives a checkout. */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Builds, images and downloads: made once for this machine, never in the work tree. */
export const cacheDir = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'batchsender')

/** The running cluster: one for each machine, whichever checkout started it. */
export const stateDir = join(
  process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'),
  'batchsender/cluster',
)

export const repositoryDir = join(import.meta.dirname, '../..')
