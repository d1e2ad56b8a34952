/** Objects with expressions of Helm in the place of values: as YAML, what is no expression stays what it was. Pure. */
import { documents } from '../documents.ts'

const hex = (text: string) => Buffer.from(text).toString('hex')
const unhex = (text: string) => Buffer.from(text, 'hex').toString()

/** The value of an expression, within a line. */
export const inline = (expression: string): string => `xI${hex(`{{ ${expression} }}`)}x`

/**
 * Lines in the place of a key of an object, to be spread into it, or of an item of a list. `%I%` stands for their own
 * indentation, `%N%` for that of what is nested below.
 */
export const lines = (...text: readonly string[]): Record<string, null> => ({
  [`xL${hex(text.join('\n'))}x`]: null,
})

/** A key with what a value has, left out where it has nothing. */
export const optional = (key: string, value = key) =>
  lines(`{{- with $.Values.${value} }}`, `${key}: {{- toYaml . | nindent %N% }}`, '{{- end }}')

export function template(...objects: readonly object[]): string {
  const text = documents(...objects).replaceAll('{{', '{{ "{{" }}')
  return text
    .replace(/^( *)(?:- )?xL([0-9a-f]+)x: null$/gm, (_, indent: string, code: string) =>
      unhex(code)
        .replaceAll('%I%', String(indent.length))
        .replaceAll('%N%', String(indent.length + 2))
        .replaceAll(/^/gm, indent),
    )
    .replace(/xI([0-9a-f]+)x/g, (_, code: string) => unhex(code))
}

/** Only where a condition holds. */
export const when = (condition: string, text: string): string => `{{- if ${condition} }}\n${text}{{- end }}\n`
