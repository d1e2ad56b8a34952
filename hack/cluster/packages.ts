/** Debian packages that the cluster needs, installed when we may. */
import { join } from 'node:path'
import { withLock } from './lock.ts'
import { stateDir } from './paths.ts'
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

const PATIENTLY = ['-o', 'DPkg::Lock::Timeout=300']

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
  // One of ours at a time; others on the machine are waited for by apt itself.
  await withLock(join(stateDir, '..', 'packages.lock'), async () => {
    await run('apt-get', [...PATIENTLY, 'update', '-qq'], { env })
    await run('apt-get', [...PATIENTLY, 'install', '-y', '-qq', '--no-install-recommends', ...missing], {
      env,
    })
  })
}
