/** Settings as environment variables, from one schema: what one side renders the other parses. */
import type { TObject, TSchema } from 'typebox'
import { Ajv } from 'ajv'
import { withoutLineEnd } from './secretText.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** `maxRequestSizeBytes` → `MAX_REQUEST_SIZE_BYTES`. */
export function variableOf(setting: string): string {
  return setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

export interface EnvironmentParser<Settings> {
  /**
   * Unknown variables are not ours and ignored; an empty one counts as unset. One line feed at the end is not of the
   * value: Secrets made from files have it.
   * @throws Error that names every variable at fault, one per line, never with its value.
   */
  readonly parse: (environment: Environment) => Settings
}

/** @param who the program whose environment it is, as a message names it */
export function environmentOf<Settings>(schema: TObject, who: string): EnvironmentParser<Settings> {
  const validate = new Ajv({ useDefaults: true, allErrors: true }).compile<Settings>(schema)
  const properties: Readonly<Record<string, TSchema>> = schema.properties
  return {
    parse(environment) {
      const settings: unknown = Object.fromEntries(
        Object.entries(properties).flatMap(([setting, type]) => {
          const text = withoutLineEnd(environment[variableOf(setting)] ?? '')
          return text === '' ? [] : [[setting, valueOf(text, type)]]
        }),
      )
      if (validate(settings)) return settings
      const faults = (validate.errors ?? []).map((fault) => {
        const missing: unknown = fault.params['missingProperty']
        const setting = typeof missing === 'string' ? missing : (fault.instancePath.split('/')[1] ?? '')
        return `${variableOf(setting)}: ${typeof missing === 'string' ? 'is required' : (fault.message ?? fault.keyword)}`
      })
      throw new Error(`the environment is not what ${who} needs:\n${faults.join('\n')}`)
    },
  }
}

/** Lists are comma separated. */
export function renderEnvironment(settings: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([setting, value]: [string, unknown]) => [
      variableOf(setting),
      Array.isArray(value) ? value.join(',') : String(value),
    ]),
  )
}

function valueOf(text: string, schema: TSchema): unknown {
  const type: unknown = 'type' in schema ? schema.type : undefined
  if (type === 'integer') return /^\d+$/.test(text) ? Number(text) : text
  if (type === 'array') return text.split(',').map((entry) => entry.trim())
  return text
}
