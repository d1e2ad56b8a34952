/** Puts a program's section into a document that people and other programs write in, too. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'

/** Replaces what lies between `<!-- name:begin -->` and `<!-- name:end -->`, or adds it at the end. Pure. */
export function withSection(document: string, name: string, section: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`]
  const text = `${begin}\n\n${section.trim()}\n\n${end}`
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from === -1 || to < from) return `${document.trimEnd()}\n\n${text}\n`
  return document.slice(0, from) + text + document.slice(to + end.length)
}

/** In the form that `make check` asks for. @param head what the document begins with when there is none yet. */
export async function writeSection(path: string, name: string, section: string, head: string): Promise<void> {
  const document = await readFile(path, 'utf8').catch(() => head)
  await writeFile(path, withSection(document, name, section))
  await run(join(repositoryDir, 'node_modules/.bin/prettier'), ['--write', path])
}
