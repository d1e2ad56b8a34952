/** Completion at the tab key, in the protocol of kubectl: candidates, and a last line that says what else the shell may do. Pure. */
import { COMMON, type Verb } from './verb.ts'

const NO_FILES = ':4'
const FILES = ':0'

/** @param words behind `kubectl batchsender`, the last one being typed. @returns `undefined` where names are wanted */
export function complete(verbs: readonly Verb[], words: readonly string[]): readonly string[] | undefined {
  const typed = words.at(-1) ?? ''
  const [first, ...rest] = words
  if (rest.length === 0)
    return [...verbs.filter(({ name }) => name.startsWith(typed)).map(described), NO_FILES]
  const verb = verbs.find(({ name }) => name === first)
  if (!verb) return [NO_FILES]
  const options = [...verb.options, ...COMMON]
  const before = rest.at(-2)
  const open = options.find(
    ({ name, short, value }) =>
      value !== undefined && [`--${name}`, `-${short ?? ''}`].includes(before ?? ''),
  )
  if (open) return open.choices ? [...open.choices.filter((one) => one.startsWith(typed)), NO_FILES] : [FILES]
  if (!typed.startsWith('-')) return undefined
  return [
    ...options.map(({ name, doc }) => `--${name}\t${doc}`).filter((one) => one.startsWith(typed)),
    NO_FILES,
  ]
}

const described = ({ name, summary }: Verb) => `${name}\t${summary}`
