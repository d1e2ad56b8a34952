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
export async function ensurePackages(): Promise<void> {
  const missing: string[] = []
  for (const [command, name] of Object.entries(PACKAGES))
    if (!(await run('sh', ['-c', `command -v ${command}`]).then(Boolean, () => false))) missing.push(name)
  if (missing.length === 0) return
  if (process.getuid?.() !== 0)
    throw new Error(
      `the local cluster needs root and these Debian packages: apt-get install ${missing.join(' ')}`,
    )
  console.error(`installing Debian packages: ${missing.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-qq'], { env })
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env })
}
