/** CustomResourceDefinitions out of Go modules. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import { run } from '../cluster/shell.ts'

export interface ModuleSource {
  readonly module: string
  readonly sum: string
  /** Of Go, where the module asks for a newer one than is installed. */
  readonly toolchain?: string
}

export interface DefinitionSource extends ModuleSource {
  /** A file, or a folder of files. */
  readonly path: string
}

export async function definitionsIn({
  path,
  ...source
}: DefinitionSource): Promise<readonly KubernetesObject[]> {
  const root = await moduleFolder(source)
  const files = path.endsWith('l') ? [path] : await filesIn(root, path)
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')))
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject | null))
    .filter((object) => object !== null)
    .filter(({ kind }) => kind === 'CustomResourceDefinition')
}

/** @returns where the module is, after its sum was found to be that one. */
export async function moduleFolder({ module, sum, toolchain }: ModuleSource): Promise<string> {
  const env = { ...process.env, ...(toolchain !== undefined && { GOTOOLCHAIN: toolchain }) }
  const { Dir, Sum } = JSON.parse(await run('go', ['mod', 'download', '-json', module], { env })) as {
    readonly Dir: string
    readonly Sum: string
  }
  if (Sum !== sum) throw new Error(`${module} is not what it was: ${Sum}`)
  return Dir
}

async function filesIn(root: string, folder: string): Promise<string[]> {
  return (await readdir(join(root, folder))).sort().map((file) => join(folder, file))
}
