/** Turns a TypeBox schema into the structural schema that a CustomResourceDefinition takes. */

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Keywords whose value maps names to schemas, rather than being a schema or a value. */
const MAPS = new Set(['properties'])

/** Drops what the API server refuses (`additionalProperties: false`) and TypeBox's own marks. */
export function structural(schema: unknown): Json {
  // The schema is plain data; its only functions and symbols are TypeBox's, which JSON leaves out.
  return clean(JSON.parse(JSON.stringify(schema)) as Json)
}

function clean(node: Json): Json {
  if (Array.isArray(node)) return node.map(clean)
  if (node === null || typeof node !== 'object') return node
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => !(key === 'additionalProperties' && value === false) && !key.startsWith('~'))
      .map(([key, value]) => [key, cleanKeyword(key, value)]),
  )
}

function cleanKeyword(key: string, value: Json): Json {
  if (!MAPS.has(key) || value === null || typeof value !== 'object' || Array.isArray(value))
    return clean(value)
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, clean(schema)]))
}
