/** The schema of the spec as a validator, for whoever must not trust that the API server looked. */
import { Ajv } from 'ajv'
import { BatchSenderSpec } from './schema/batchsender.ts'

const ajv = new Ajv({ allErrors: true, strictTypes: false })
for (const keyword of [
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
])
  ajv.addKeyword({ keyword, valid: true })

/** Of the rules only those that are a pattern: see `matching`. */
ajv.addKeyword({
  keyword: 'x-kubernetes-validations',
  validate: (rules: readonly { readonly rule: string }[], value: unknown) =>
    typeof value !== 'string' || rules.every((each) => patternOf(each.rule)?.test(value) ?? true),
  error: { message: 'is not of its form' },
})

function patternOf(expression: string): RegExp | undefined {
  const [, pattern] = /^self\.matches\(r'(.*)'\)$/.exec(expression) ?? []
  return pattern === undefined ? undefined : new RegExp(pattern.replaceAll('[:space:]', '\\s'))
}

const validate = ajv.compile(BatchSenderSpec)

/** What is wrong with a spec, each with its field; empty when nothing is. Never quotes a value. */
export function specFaults(spec: unknown): readonly string[] {
  if (validate(spec)) return []
  return (validate.errors ?? [])
    .map(
      ({ instancePath, message, keyword }) =>
        `spec${instancePath.replaceAll('/', '.')} ${message ?? keyword}`,
    )
    .sort()
}
