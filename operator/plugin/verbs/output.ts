/** What verbs print for programs. */
import type { Option } from '../cli/verb.ts'

export const OUTPUT: Option = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  choices: ['text', 'json'],
  doc: 'Text is the standard.',
}

export const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`
