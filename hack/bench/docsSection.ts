/** The results of a benchmark in docs/benchmarks.md, between marks of its own. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { repositoryDir } from '../cluster/paths.ts'

export type SectionName = 'operator' | 'worker'

const HEAD = '# Benchmarks\n\nWritten by the programs that measure; ratios within one run mean something.\n'
const FILE = join(repositoryDir, 'docs/benchmarks.md')

/** Replaces the section; the rest of the file stays as it is. */
export async function writeDocsSection(name: SectionName, markdown: string): Promise<void> {
  const text = withSection(await readFile(FILE, 'utf8').catch(() => HEAD), name, markdown)
  const options = await resolveConfig(FILE)
  await writeFile(FILE, await format(text, { ...options, filepath: FILE }))
}

/** Appends it when there is none. Pure. */
export function withSection(text: string, name: SectionName, markdown: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`]
  const section = `${begin}\n\n${markdown.trim()}\n\n${end}`
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) return `${text.trimEnd()}\n\n${section}\n`
  return `${text.slice(0, from)}${section}${text.slice(to + end.length)}`
}
