/** CustomResourceDefinitions out of Go modules. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import { run } from '../cluster/shell.ts'

export interface DefinitionSource {
  readonly module: string
  readonly sum: string
  /** A file, or a folder of files. */
  readonly path: string
}

export async function definitionsIn({
  module,
  sum,
  path,
}: DefinitionSource): Promise<readonly KubernetesObject[]> {
  const root = await moduleFolder(module, sum)
  const files = path.endsWith('l') ? [path] : await filesIn(root, path)
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')))
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject | null))
    .filter((object) => object !== null)
    .filter(({ kind }) => kind === 'CustomResourceDefinition')
}

/** @returns where the module is, after its sum was found to be that one. */
export async function moduleFolder(module: string, sum: string): Promise<string> {
  const { Dir, Sum } = JSON.parse(await run('go', ['mod', 'download', '-json', module])) as {
    readonly Dir: string
    readonly Sum: string
  }
  if (Sum !== sum) throw new Error(`${module} is not what it was: ${Sum}`)
  return Dir
}

async function filesIn(root: string, folder: string): Promise<string[]> {
  return (await readdir(join(root, folder))).sort().map((file) => join(folder, file))
}
