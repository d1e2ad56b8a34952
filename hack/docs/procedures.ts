/** What a person would follow, for tests to follow it: blocks of the documents as they are written. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryDir } from '../cluster/paths.ts'
import { blocksOf } from './blocks.ts'

export interface Procedure {
  readonly text: string
  /** The statements of a block of SQL. */
  readonly statements: readonly string[]
  /**
   * With the reader's own values in the place of what the document has as an example. Whatever is replaced has to
   * stand there, so that a document that says something else turns its test red; all the rest stays as it is.
   */
  with(values: Readonly<Record<string, string>>): Procedure
}

/**
 * @param reference of a file and the name in the mark above a block: `docs/backup.md#restore-partition`. As a literal:
 * that is how procedures.test.ts knows which blocks are followed by a test.
 * @throws Error when there is no such block, or two.
 */
export function procedure(reference: `${string}.md#${string}`): Procedure {
  const [file = '', name = ''] = reference.split('#')
  const document = readFileSync(join(repositoryDir, file), 'utf8')
  const [block, another] = blocksOf(file, document).filter((one) => one.procedure === name)
  if (!block || another) throw new Error(`${another ? 'two procedures' : 'no procedure'} ${reference}`)
  return procedureOf(block.text, reference)
}

export function procedureOf(text: string, reference: string): Procedure {
  return {
    text,
    statements: text
      .split(/;\s*$/m)
      .map((one) => one.trim())
      .filter(Boolean),
    with(values) {
      const examples = Object.keys(values).sort((one, other) => other.length - one.length)
      const missing = examples.filter((example) => !text.includes(example))
      if (missing.length > 0) throw new Error(`${reference} does not say ${missing.join(', ')}`)
      const pattern = new RegExp(examples.map(literally).join('|'), 'g')
      return procedureOf(
        text.replace(pattern, (example) => values[example] ?? example),
        reference,
      )
    },
  }
}

const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
