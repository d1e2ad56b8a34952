/** What is in an image, as CycloneDX: npm says it of its packages, the base of its own. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../cluster/shell.ts'
import type { BaseComponent } from './base.ts'

const WORKSPACES = ['crds', 'operator', 'worker', 'hack']

interface Bom {
  readonly metadata: Record<string, unknown> & { readonly component: Record<string, unknown> }
  readonly components: readonly { readonly purl?: string }[]
  readonly [field: string]: unknown
}

export interface Described {
  /** Folder with the manifests of all workspaces, which is changed. */
  readonly folder: string
  readonly workspaces: readonly string[]
  readonly image: { readonly name: string; readonly version: string; readonly digest: string }
  readonly base: readonly BaseComponent[]
  readonly seconds: number
}

/** @returns JSON that is the same for the same content */
export async function sbom({ folder, workspaces, image, base, seconds }: Described): Promise<string> {
  await giveVersions(folder, image.version)
  const chosen = workspaces.flatMap((name) => ['--workspace', name])
  const args = [
    'sbom',
    '--sbom-format',
    'cyclonedx',
    '--package-lock-only',
    '--omit',
    'dev',
    '--omit',
    'optional',
  ]
  const bom = JSON.parse(await run('npm', [...args, ...chosen], { cwd: folder })) as Bom
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
