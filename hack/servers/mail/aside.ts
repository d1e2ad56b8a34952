/**
 * A server that insists on accounts and folders of its own, beside the system: in a namespace of mounts it finds them,
 * and nobody else does. Only root may.
 */
import { appendFile, copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ChildServer } from '../childServer.ts'

export interface Aside {
  /** For its files. */
  readonly dir: string
  /** Accounts, each with a group of its name. */
  readonly accounts: readonly string[]
  /** Lines of a shell that make what it needs, and end with the server in its place (`exec`). */
  readonly script: readonly string[]
  readonly port: number
}

const FIRST_ID = 64_900

export async function startAside({ dir, accounts, script, port }: Aside): Promise<ChildServer> {
  const [passwd, group, start] = ['passwd', 'group', 'start.sh'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ]
  await copyFile('/etc/passwd', passwd)
  await copyFile('/etc/group', group)
  for (const [index, name] of accounts.entries()) {
    const id = FIRST_ID + index
    await appendFile(passwd, `${name}:x:${id}:${id}::/nonexistent:/bin/false\n`)
    await appendFile(group, `${name}:x:${id}:\n`)
  }
  const mounts = [`mount --bind ${passwd} /etc/passwd`, `mount --bind ${group} /etc/group`]
  await writeFile(start, ['set -e', ...mounts, ...script, ''].join('\n'))
  return new ChildServer({ program: 'unshare', args: ['--mount', 'sh', start], port }).start()
}
