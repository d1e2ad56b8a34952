/** Debian packages that the cluster needs, installed when we may. */
import { run } from './shell.ts'

const PACKAGES = {
  runc: 'runc',
  iptables: 'iptables',
  ipset: 'ipset',
  conntrack: 'conntrack',
  buildah: 'buildah',
  ip: 'iproute2',
  nsenter: 'util-linux',
} as const

/** @throws Error that names what is missing, when we are not root. */
export function ensurePackages(): Promise<void> {
  return ensureCommands('the local cluster', PACKAGES)
}

/**
 * @param who needs them, as a message names it
 * @param packages command → Debian package that has it
 */
export async function ensureCommands(who: string, packages: Readonly<Record<string, string>>): Promise<void> {
  const missing: string[] = []
  for (const [command, name] of Object.entries(packages))
    if (!(await run('sh', ['-c', `command -v ${command}`]).then(Boolean, () => false))) missing.push(name)
  await installPackages(who, missing)
}

/** @throws Error that names them, when we are not root. */
export async function installPackages(who: string, missing: readonly string[]): Promise<void> {
  if (missing.length === 0) return
  if (process.getuid?.() !== 0)
    throw new Error(
      `${who} needs these Debian packages, which only root may install: apt-get install ${missing.join(' ')}`,
    )
  console.error(`installing Debian packages: ${missing.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-qq'], { env })
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env })
}
