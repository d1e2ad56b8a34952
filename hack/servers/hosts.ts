/** Names of hosts that a process of a test knows beside those of the machine: hosts(5) in a mount namespace of its own. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class HostsFile {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async create(): Promise<HostsFile> {
    const hosts = new HostsFile(await mkdtemp(join(tmpdir(), 'batchsender-hosts-')))
    await writeFile(hosts.path, await readFile('/etc/hosts', 'utf8'))
    return hosts
  }

  get path(): string {
    return join(this.#directory, 'hosts')
  }

  /** Known to processes that run already, too. */
  async add(names: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(names).map(([name, address]) => `${address} ${name}\n`)
    await appendFile(this.path, lines.join(''))
  }

  /** A command that runs another one, as the same process, with these names. Needs unshare(1). */
  command(program: string, args: readonly string[]): readonly [string, readonly string[]] {
    const script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    return ['unshare', ['--map-root-user', '--mount', '--', 'sh', '-c', script, this.path, program, ...args]]
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
  }
}
