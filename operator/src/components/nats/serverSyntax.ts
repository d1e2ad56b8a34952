/** The configuration of a NATS server as a value, and its text. Pure. */

/** A variable of the server's environment. */
export interface Variable {
  readonly variable: string
}

export type Setting = string | number | boolean | Variable | readonly Setting[] | Block

export interface Block {
  readonly [name: string]: Setting
}

/** Strings are quoted, so that none is taken for a number, a word or a variable. */
export function render(settings: Block, indent = ''): string {
  return Object.entries(settings)
    .map(([name, value]) =>
      isBlock(value)
        ? `${indent}${name} {\n${render(value, `${indent}  `)}${indent}}\n`
        : `${indent}${name}: ${text(value, indent)}\n`,
    )
    .join('')
}

function text(value: Setting, indent: string): string {
  const inner = `${indent}  `
  if (isVariable(value)) return `$${value.variable}`
  if (isList(value)) return `[\n${value.map((entry) => `${inner}${text(entry, inner)}\n`).join('')}${indent}]`
  if (isBlock(value)) return `{\n${render(value, inner)}${indent}}`
  return JSON.stringify(value)
}

const isList = (value: Setting): value is readonly Setting[] => Array.isArray(value)
const isVariable = (value: Setting): value is Variable =>
  typeof value === 'object' && !isList(value) && 'variable' in value
const isBlock = (value: Setting): value is Block =>
  typeof value === 'object' && !isList(value) && !isVariable(value)
