/** Prometheus, promtool and Alertmanager as Debian has them, unpacked into the cache; apt verifies what it fetches. */
import { join } from 'node:path'
import { unpacked } from '../mail/unpacked.ts'

export const promtool = async (): Promise<string> => join(await unpacked('prometheus'), 'usr/bin/promtool')

/** A command that starts one of the servers, as the same process. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
}

/** Pages and templates are looked for in a folder that Debian compiled in: in a namespace of mounts that is their own. */
async function aside(name: string, file: string, args: readonly string[]): Promise<Command> {
  const root = await unpacked(name)
  const script = 'mount --bind "$0" /usr/share && exec "$@"'
  const own = [join(root, 'usr/share'), join(root, 'usr/bin', file), ...args]
  return { program: 'unshare', args: ['--mount', 'sh', '-c', script, ...own] }
}

export const prometheus = (args: readonly string[]) => aside('prometheus', 'prometheus', args)
export const alertmanager = (args: readonly string[]) =>
  aside('prometheus-alertmanager', 'prometheus-alertmanager', args)
