/** The few schema forms that Kubernetes calls structural and TypeBox would spell otherwise. */
import type { TSchemaOptions, TUnsafe } from 'typebox'
import Type from 'typebox'

/** One of some strings, as `enum`; a TypeBox union would emit `anyOf` with `const`, which a CRD refuses. */
export function stringEnum<const Values extends readonly string[]>(
  values: Values,
  options: TSchemaOptions = {},
): TUnsafe<Values[number]> {
  return Type.Unsafe<Values[number]>({ type: 'string', enum: values, ...options })
}

/** One of some integers, as `enum`. */
export function integerEnum<const Values extends readonly number[]>(
  values: Values,
  options: TSchemaOptions = {},
): TUnsafe<Values[number]> {
  return Type.Unsafe<Values[number]>({ type: 'integer', enum: values, ...options })
}

/** A map from string to string, as `additionalProperties`; a TypeBox record would emit `patternProperties`. */
export function stringMap(options: TSchemaOptions = {}): TUnsafe<Readonly<Record<string, string>>> {
  return Type.Unsafe<Readonly<Record<string, string>>>({
    type: 'object',
    additionalProperties: { type: 'string', maxLength: 1024 },
    maxProperties: 64,
    ...options,
  })
}

/** A piece of another Kubernetes API that is handed on as it is; the API server judges it when the child is applied. */
export function passThrough<Shape>(options: TSchemaOptions = {}): TUnsafe<Shape> {
  return Type.Unsafe<Shape>({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true, ...options })
}

/** The same for a list of such pieces. */
export function passThroughList<Shape>(options: TSchemaOptions = {}): TUnsafe<readonly Shape[]> {
  return Type.Unsafe<readonly Shape[]>({
    type: 'array',
    maxItems: 32,
    items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    ...options,
  })
}
