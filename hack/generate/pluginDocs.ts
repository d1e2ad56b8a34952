/** The reference of verbs in docs/plugin.md, from the words that --help prints. Pure. */
import type { Option, Verb } from '../../operator/plugin/cli/verb.ts'
import { flagOf, usageOf } from '../../operator/plugin/cli/help.ts'
import { COMMON } from '../../operator/plugin/cli/verb.ts'
import { VERBS } from '../../operator/plugin/verbs/index.ts'

const BEGIN = '<!-- verbs: written by `npm run generate` -->'
const END = '<!-- end of the verbs -->'

/** @param text of the whole page, of which what stands between the marks is replaced */
export function withVerbs(text: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (begin === -1 || end < begin) throw new Error(`docs/plugin.md lacks ${BEGIN} or ${END}`)
  return `${text.slice(0, begin)}${BEGIN}\n\n${verbs()}\n${text.slice(end)}`
}

function verbs(): string {
  return [...VERBS.flatMap(section), '### Flags of every verb', '', ...table('Flag', COMMON.map(row))].join(
    '\n',
  )
}

function section(verb: Verb): readonly string[] {
  return [
    `### ${verb.name}`,
    '',
    ...verb.doc.flatMap((paragraph) => [cell(paragraph), '']),
    `Usage: \`${usageOf(verb)}\``,
    '',
    ...table(
      'Example',
      verb.examples.map(
        ({ what, command }) => `| \`${piped(`kubectl batchsender ${command}`)}\` | ${cell(what)} |`,
      ),
    ),
    ...(verb.options.length === 0 ? [] : table('Flag', verb.options.map(row))),
    `Exit codes: ${verb.exits.map(cell).join('; ')}.`,
    '',
  ]
}

const table = (head: string, rows: readonly string[]) => [`| ${head} | What |`, '| --- | --- |', ...rows, '']

function row(option: Option): string {
  const { choices = [], doc } = option
  const more = choices.length === 0 ? '' : ` One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.`
  return `| \`${flagOf(option)}\` | ${cell(doc)}${more} |`
}

const piped = (text: string) => text.replaceAll('|', '\\|')
const cell = (text: string) => piped(text).replaceAll('<', '&lt;')
