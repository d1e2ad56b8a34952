/** The help of a verb and of all, from their words: the documentation is made from the same. Pure. */
import { table, wrap } from '../text/wrap.ts'
import { commandOf } from './parse.ts'
import { COMMON, type Option, type Verb } from './verb.ts'

export function usageOf(verb: Verb): string {
  const operand = verb.operand === 'needed' ? ' NAME' : ' [NAME]'
  return `${commandOf(verb)}${operand} [flags]`
}

export function helpOf(verb: Verb, columns: number): string {
  return [
    ...verb.doc.flatMap((paragraph) => [...wrap(paragraph, columns), '']),
    `Usage: ${usageOf(verb)}`,
    '',
    'Examples:',
    ...verb.examples.flatMap(({ what, command }) => [
      ...wrap(what, columns - 2, '  # '),
      `  kubectl batchsender ${command}`,
    ]),
    '',
    'Flags:',
    ...table([...verb.options, ...COMMON].map(rowOf), columns),
    '',
    'Exit codes:',
    ...verb.exits.flatMap((line) => wrap(line, columns, '  ')),
    '',
  ].join('\n')
}

export function rowOf(option: Option): readonly [string, string] {
  const { choices = [], doc } = option
  return [`  ${flagOf(option)}`, choices.length === 0 ? doc : `${doc} One of ${choices.join(', ')}.`]
}

export function flagOf({ name, short, value }: Option): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
}

export function overview(verbs: readonly Verb[], columns: number): string {
  return [
    ...wrap('What kubectl get and describe do not tell of a BatchSender, with your own rights.', columns),
    '',
    'Usage: kubectl batchsender VERB [NAME] [flags]',
    '',
    'Verbs:',
    ...table(
      verbs.map(({ name, summary }) => [`  ${name}`, summary]),
      columns,
    ),
    '',
    ...wrap('kubectl batchsender VERB --help has flags and examples.', columns),
    '',
  ].join('\n')
}
