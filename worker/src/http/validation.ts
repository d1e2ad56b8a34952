/** Bodies and parameters held against their schemas: every fault at once, one for each place, and no more than are told. */
import type { ErrorObject, ValidateFunction } from 'ajv'
import { Ajv } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { ERRORS_TOLD, pointerPart } from './problem.ts'

export type Fault = Pick<ErrorObject, 'instancePath' | 'keyword' | 'params' | 'message'>

/** What this reads of a schema; whatever else it says is left to the validator. */
interface Shape {
  readonly type?: unknown
  readonly properties?: Readonly<Record<string, TSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: unknown
  readonly items?: TSchema
  readonly minItems?: number
  readonly maxItems?: number
}

const ajv = new Ajv({ allErrors: false, coerceTypes: false, strict: false })
const compiled = new WeakMap<TSchema, ValidateFunction>()

function validatorOf(schema: TSchema): ValidateFunction {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const fresh = ajv.compile(schema)
  compiled.set(schema, fresh)
  return fresh
}

/**
 * The validator stops at the first fault, since one that goes on gathers as many as a body is long. Only what it refused
 * is looked through, place by place.
 */
export function faultsOf(schema: TSchema, value: unknown, limit = ERRORS_TOLD): readonly Fault[] {
  if (validatorOf(schema)(value)) return []
  const faults: Fault[] = []
  look(schema, value, '', faults, limit)
  if (faults.length === 0) leaf(schema, value, '', faults)
  return faults
}

/** For Fastify. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema }) => {
  const validate: { (value: unknown): boolean; errors?: readonly Fault[] } = (value) => {
    validate.errors = faultsOf(schema, value)
    return validate.errors.length === 0
  }
  return validate as ReturnType<FastifySchemaCompiler<TSchema>>
}

function look(schema: TSchema, value: unknown, at: string, faults: Fault[], limit: number): void {
  if (faults.length >= limit) return
  const shape = schema as Shape
  if (shape.properties !== undefined && isRecord(value))
    lookThrough(shape, shape.properties, value, at, faults, limit)
  else if (shape.items !== undefined && Array.isArray(value)) lookAtItems(shape, value, at, faults, limit)
  else leaf(schema, value, at, faults)
}

function lookThrough(
  { required = [], additionalProperties }: Shape,
  properties: NonNullable<Shape['properties']>,
  value: Readonly<Record<string, unknown>>,
  at: string,
  faults: Fault[],
  limit: number,
): void {
  for (const missingProperty of required.filter((name) => !Object.hasOwn(value, name)))
    faults.push({ instancePath: at, keyword: 'required', params: { missingProperty } })
  for (const name in value) {
    if (faults.length >= limit) return
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (schema !== undefined) look(schema, value[name], `${at}/${pointerPart(name)}`, faults, limit)
    else if (additionalProperties === false)
      faults.push({
        instancePath: at,
        keyword: 'additionalProperties',
        params: { additionalProperty: name },
        message: `known are ${Object.keys(properties).join(', ')}`,
      })
  }
}

function lookAtItems(
  { items, minItems = 0, maxItems = Infinity }: Shape,
  value: readonly unknown[],
  at: string,
  faults: Fault[],
  limit: number,
): void {
  if (value.length < minItems)
    faults.push({ instancePath: at, keyword: 'minItems', params: {}, message: `at least ${minItems}` })
  if (value.length > maxItems)
    faults.push({ instancePath: at, keyword: 'maxItems', params: {}, message: `at most ${maxItems}` })
  for (const [index, item] of value.slice(0, maxItems).entries()) {
    if (items === undefined || faults.length >= limit) return
    if (!validatorOf(items)(item)) look(items, item, `${at}/${index}`, faults, limit)
  }
}

/** Of alternatives that all fail, each has a fault of its own: the last is of all of them. */
function leaf(schema: TSchema, value: unknown, at: string, faults: Fault[]): void {
  const validate = validatorOf(schema)
  if (validate(value)) return
  const { instancePath, keyword, params, message } = validate.errors?.at(-1) ?? unknownFault
  faults.push({ instancePath: `${at}${instancePath}`, keyword, params, ...(message && { message }) })
}

const unknownFault = { instancePath: '', keyword: 'invalid', params: {}, message: undefined }

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
