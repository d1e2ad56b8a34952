/** Reads a command line by the words of a verb. Pure. */
import { parseArgs } from 'node:util'
import { misuse } from './failure.ts'
import { COMMON, Flags, type Option, type Verb } from './verb.ts'

export interface Parsed {
  readonly operand: string | undefined
  readonly flags: Flags
}

/** @throws Failure with what to type instead */
export function parse(verb: Verb, args: readonly string[]): Parsed {
  const options = [...verb.options, ...COMMON]
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      options.map(({ name, short, value }) => [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
      ]),
    ),
    strict: false,
    tokens: true,
  })
  const given: Record<string, string | boolean> = {}
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind === 'option') given[token.name] = once(token, given, valueOf(verb, options, token))
  }
  const [operand, extra] = operands
  if (extra !== undefined)
    throw misuse(`one name at a time, and "${extra}" is a second one: ${commandOf(verb)} ${operand ?? ''}`)
  if (operand === undefined && verb.operand === 'needed' && given['help'] !== true)
    throw misuse(`the name of a BatchSender is missing: ${commandOf(verb)} NAME (kubectl get bs lists them)`)
  return { operand, flags: new Flags(given) }
}

interface Token {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
}

function valueOf(verb: Verb, options: readonly Option[], { name, rawName, value }: Token): string | boolean {
  const option = options.find((one) => one.name === name)
  if (!option) throw unknown(verb, options, rawName)
  if (option.value === undefined) {
    if (value !== undefined) throw misuse(`${rawName} takes no value: leave out "=${value}"`)
    return true
  }
  if (value === undefined || value === '')
    throw misuse(`${rawName} needs a value: ${rawName} ${option.value}`)
  if (option.choices && !option.choices.includes(value))
    throw misuse(`${rawName} must be ${listed(option.choices)}, not "${value}"`)
  return value
}

/** Of two files one would be left out, and nobody told. */
function once<Value>(
  { name, rawName }: Token,
  given: Readonly<Record<string, unknown>>,
  value: Value,
): Value {
  if ((given[name] ?? value) !== value) throw misuse(`${rawName} is given twice: one value at a time`)
  return value
}

function unknown(verb: Verb, options: readonly Option[], typed: string): Error {
  const near = nearest(
    typed.replace(/^-+/, ''),
    options.map(({ name }) => name),
  )
  const instead = near === undefined ? '' : `, did you mean --${near}?`
  return misuse(
    `${verb.name} has no flag ${typed}${instead} See ${commandOf(verb)} --help`.replace(
      ' See',
      instead === '' ? '; see' : ' See',
    ),
  )
}

export const commandOf = ({ name }: Pick<Verb, 'name'>): string => `kubectl batchsender ${name}`

export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`
}

/** The word that was probably meant; `undefined` when none is near. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((word) => ({ word, distance: distance(typed, word) }))
    .sort((left, right) => left.distance - right.distance)
  return best && best.distance <= Math.max(1, Math.floor(typed.length / 3)) ? best.word : undefined
}

/** Levenshtein's. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [i, letter] of Array.from(left).entries()) {
    const next = [i + 1]
    for (const [j, other] of Array.from(right).entries())
      next.push(
        Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
      )
    row = next
  }
  return row.at(-1) ?? 0
}

/** `90s`, `5m`, `1h` in milliseconds. @throws Failure */
export function durationMs(flag: string, text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? []
  const factor = { s: 1_000, m: 60_000, h: 3_600_000 }[unit]
  if (count === undefined || factor === undefined)
    throw misuse(`${flag} must be a duration such as 90s, 5m or 1h, not "${text}"`)
  return Number(count) * factor
}

/** @throws Failure */
export function wholeNumber(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw misuse(`${flag} must be a whole number, not "${text}"`)
  return Number(text)
}
