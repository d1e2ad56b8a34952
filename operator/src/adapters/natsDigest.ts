/** The digest that a NATS server tells of the configuration it runs (`config_digest`, nats-server 2.11 and later). */
import { createHash } from 'node:crypto'
import type { Block, Setting, Variable } from '../components/nats/serverSyntax.ts'

type Variables = Readonly<Record<string, string>>

/**
 * The server hashes what it read, not the text: values as Go writes them in JSON, variables replaced by what they stand
 * for. So comments and blanks do not matter, and every setting does.
 * @throws Error for a variable without a value
 */
export function configurationDigest(settings: Block, variables: Variables): string {
  const json = goJson(read(settings, variables))
  return `sha256:${createHash('sha256').update(`${json}\n`).digest('hex')}`
}

/** What HTML could mistake for its own is escaped (encoding/json). */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** As the server has it in memory: variables replaced, names in order. */
function read(value: Setting, variables: Variables): unknown {
  if (typeof value !== 'object') return value
  if (isList(value)) return value.map((entry) => read(entry, variables))
  if (isVariable(value)) return valueOf(value.variable, variables)
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([name, entry]) => [name, read(entry, variables)]))
}

function valueOf(variable: string, variables: Variables): string {
  const value = variables[variable]
  if (value === undefined) throw new Error(`variable ${variable} has no value`)
  return value
}

const isVariable = (value: Block | Variable): value is Variable => 'variable' in value
const isList = (value: Setting): value is readonly Setting[] => Array.isArray(value)
