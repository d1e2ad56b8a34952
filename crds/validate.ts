/** The schema of the spec as a validator, for whoever must not trust that the API server looked. */
import { Ajv } from 'ajv'
import { isQuantity } from './quantity.ts'
import { BatchSenderSpec } from './schema/batchsender.ts'

// Code that is not optimised once more is as fast here, and takes 5 MiB less to make.
const ajv = new Ajv({ allErrors: true, strictTypes: false, code: { optimize: false } })
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
  if (validate(spec)) return quantityFaults(spec, 'spec').sort()
  return (validate.errors ?? [])
    .map(
      ({ instancePath, message, keyword }) =>
        `spec${instancePath.replaceAll('/', '.')} ${message ?? keyword}`,
    )
    .sort()
}

/** Resource lists are passed on as they are, and the server does not say which amount it could not read. */
function quantityFaults(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, below]: [string, unknown]) =>
    path.endsWith('.resources') && (name === 'limits' || name === 'requests')
      ? amountFaults(below, `${path}.${name}`)
      : quantityFaults(below, `${path}.${name}`),
  )
}

function amountFaults(list: unknown, path: string): string[] {
  if (typeof list !== 'object' || list === null) return []
  return Object.entries(list)
    .filter(([, amount]) => !isQuantity(amount))
    .map(([name]) => `${path}.${name} must be a quantity, such as 500m or 1Gi`)
}
