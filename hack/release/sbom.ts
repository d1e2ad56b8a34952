/** What is in an image, as CycloneDX: npm says it of its packages, the base of its own. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../cluster/shell.ts'
import type { BaseComponent } from './base.ts'

const WORKSPACES = ['crds', 'operator', 'worker', 'hack']

interface Bom {
  readonly metadata: Record<string, unknown> & { readonly component: Record<string, unknown> }
  readonly components: readonly { readonly 'bom-ref': string; readonly purl: string }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
  readonly [field: string]: unknown
}

export interface Described {
  /** Folder with the manifests of all workspaces, which is changed. */
  readonly folder: string
  readonly workspaces: readonly string[]
  /** What npm has installed for it. */
  readonly modules: string
  readonly image: { readonly name: string; readonly version: string; readonly digest: string }
  readonly base: readonly BaseComponent[]
  readonly seconds: number
}

/** @returns JSON that is the same for the same content */
export async function sbom({
  folder,
  workspaces,
  modules,
  image,
  base,
  seconds,
}: Described): Promise<string> {
  await giveVersions(folder, image.version)
  const chosen = workspaces.flatMap((name) => ['--workspace', name])
  // Not `--omit dev`: npm then leaves out whatever any workspace needs for its tests as well.
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', ...chosen]
  const all = JSON.parse(await run('npm', args, { cwd: folder })) as Bom
  const bom = limited(all, await installedIn(modules))
  const { component, ...metadata } = bom.metadata
  const purl = `pkg:oci/${image.name.split('/').at(-1) ?? ''}@${encodeURIComponent(image.digest)}`
  const described = {
    ...bom,
    // npm's is random.
    serialNumber: '',
    metadata: {
      ...metadata,
      timestamp: new Date(seconds * 1000).toISOString(),
      component: { ...component, type: 'container', name: image.name, version: image.version, purl },
    },
    components: [...bom.components, ...base.map((one) => ({ 'bom-ref': one.purl, type: 'library', ...one }))],
  }
  return `${JSON.stringify({ ...described, serialNumber: serialOf(described) }, undefined, 2)}\n`
}

/** npm names no package without a version; in the sources they have none, since they are never published alone. */
async function giveVersions(folder: string, version: string): Promise<void> {
  const edit = async (path: string, change: (value: Record<string, unknown>) => void) => {
    const file = join(folder, path)
    const value = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    change(value)
    await writeFile(file, JSON.stringify(value))
  }
  for (const path of ['', ...WORKSPACES])
    await edit(join(path, 'package.json'), (value) => (value['version'] = version))
  await edit('package-lock.json', ({ packages }) => {
    for (const path of ['', ...WORKSPACES])
      Object.assign((packages as Record<string, object>)[path] ?? {}, { version })
  })
}

/** `name@version` of each package, as npm has noted what it installed. */
async function installedIn(modules: string): Promise<ReadonlySet<string>> {
  const { packages } = JSON.parse(await readFile(join(modules, '.package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly version?: string; readonly name?: string }>>
  }
  const found = Object.entries(packages).flatMap(([path, { version, name }]) =>
    version === undefined || !path.includes('node_modules/')
      ? []
      : [`${name ?? path.split('node_modules/').at(-1) ?? ''}@${version}`],
  )
  return new Set(found)
}

/** @throws Error when something is installed that npm does not tell of */
function limited(bom: Bom, installed: ReadonlySet<string>): Bom {
  const isOurs = ({ purl }: { readonly purl: string }) =>
    decodeURIComponent(purl).startsWith('pkg:npm/@batchsender/')
  const components = bom.components.filter((one) => isOurs(one) || installed.has(one['bom-ref']))
  const refs = new Set(components.map((one) => one['bom-ref']))
  const untold = [...installed].filter((one) => !refs.has(one))
  if (untold.length > 0) throw new Error(`npm sbom does not tell of ${untold.join(', ')}`)
  const dependencies = bom.dependencies
    .filter(({ ref }, index) => index === 0 || refs.has(ref))
    .map(({ dependsOn = [], ...one }) => ({ ...one, dependsOn: dependsOn.filter((ref) => refs.has(ref)) }))
  return { ...bom, components, dependencies }
}

function serialOf(content: object): string {
  const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex')
  const variant = ((parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16)
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ]
  return `urn:uuid:${groups.join('-')}`
}
