/** The runbooks, and what stands in their blocks of commands. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryDir } from '../cluster/paths.ts'
import type { Block } from './blocks.ts'
import { blocksOf } from './blocks.ts'

const FOLDER = 'docs/runbooks'

export interface Runbook {
  /** `docs/runbooks/stuck-batches.md` */
  readonly file: string
  readonly page: string
  readonly text: string
  readonly blocks: readonly Block[]
}

export const runbooks = (): readonly Runbook[] =>
  readdirSync(join(repositoryDir, FOLDER))
    .filter((name) => name.endsWith('.md'))
    .map((name) => {
      const file = `${FOLDER}/${name}`
      const text = readFileSync(join(repositoryDir, file), 'utf8')
      return { file, page: name.replace('.md', ''), text, blocks: blocksOf(file, text) }
    })

/** Statements that a block hands to psql, with its variables in their places. */
export function statementsIn({ text }: Block): readonly string[] {
  return [...text.matchAll(/^psql [^\n]*<<'SQL'\n([\s\S]*?)\nSQL$/gm)]
    .flatMap(([, sql = '']) => sql.split(/;\s*$/m))
    .map((statement) => statement.trim().replaceAll(/(?<!:):[a-z]+\b/g, '1'))
    .filter(Boolean)
}

export interface Call {
  readonly method: string
  /** With `{}` in the place of what varies. */
  readonly path: string
  /** Whether it is one of the port that is not for users. */
  readonly internal: boolean
}

/** Requests that a block makes with curl to a worker. */
export function callsIn({ text }: Block): readonly Call[] {
  const commands = text.replaceAll(/\\\n\s*/g, ' ').split('\n')
  return commands
    .filter((command) => command.trimStart().startsWith('curl '))
    .flatMap((command) => {
      const [, base = '', path = ''] = /"\$(API_URL|WORKER_URL)(\/[^"?]*)/.exec(command) ?? []
      if (base === '') return []
      const [, method = 'GET'] = /-X ([A-Z]+)/.exec(command) ?? []
      return [{ method, path: path.replaceAll(/\$[A-Z]+/g, '{}'), internal: base === 'WORKER_URL' }]
    })
}

/** Each command of kubectl as its words. */
export function kubectlIn({ text }: Block): readonly (readonly string[])[] {
  const lines = text.replaceAll(/\\\n\s*/g, ' ').split('\n')
  return lines.flatMap((line) =>
    [...line.matchAll(/\bkubectl ([^|)]*)/g)].map(([, words = '']) => words.trim().split(/\s+/)),
  )
}

export interface Sections {
  /** What sets the variables. */
  readonly setup: readonly string[]
  readonly Diagnosis: readonly string[]
  readonly Resolution: readonly string[]
}

/** The commands below each heading. */
export function sectionsOf({ text, blocks }: Runbook): Sections {
  const lines = text.split('\n')
  const headingOf = (line: number) =>
    lines
      .slice(0, line)
      .findLast((one) => one.startsWith('## '))
      ?.slice('## '.length)
  const below = (heading: string | undefined) =>
    blocks.filter(({ line }) => headingOf(line) === heading).map((block) => block.text)
  return { setup: below(undefined), Diagnosis: below('Diagnosis'), Resolution: below('Resolution') }
}
