/** The tables of the description of the API: states, classes, tidings, codes and problems, from where they are defined. */
import { BATCH_STATE_WORDS } from '../domain/batchState.ts'
import { DELIVERY_FACTS } from '../domain/delivery.ts'
import { RECIPIENT_STATE_WORDS } from '../domain/recipientState.ts'
import { RETRY_CLASSES } from '../domain/retryClasses.ts'
import { FIELD_CODES } from './fieldCodes.ts'
import { PROBLEM_TYPES, problemTitle, statusOf } from './problem.ts'

/** Markdown. */
export function describedTables(): string {
  return [
    table('States of a batch', ['State', 'Means'], Object.entries(BATCH_STATE_WORDS)),
    table('States of a recipient', ['State', 'Means'], Object.entries(RECIPIENT_STATE_WORDS)),
    table(
      'Classes of refusals (`errorClass`, `outcome`)',
      ['Class', 'Means', 'Becomes'],
      Object.entries(RETRY_CLASSES).map(([name, { why, state }]) => [name, why, state]),
    ),
    table(
      'What a provider tells (`delivery`)',
      ['Telling', 'Proves that the mail was'],
      Object.entries(DELIVERY_FACTS).map(([fact, { proves }]) => [fact, proves]),
    ),
    table(
      'Codes of faults (`errors[].code`), beside the rules of the schema',
      ['Code', 'Means'],
      Object.entries(FIELD_CODES),
    ),
    table(
      'Problems (`type`)',
      ['Type', 'Status', 'Means'],
      PROBLEM_TYPES.map((type) => [type, String(statusOf(type)), problemTitle(type)]),
    ),
  ].join('\n\n')
}

function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const named = rows.map(([name = '', ...more]) => line([`\`${name}\``, ...more]))
  return [`## ${title}`, '', line(heads), line(heads.map(() => '---')), ...named].join('\n')
}
