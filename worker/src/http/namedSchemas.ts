/** Schemas under their own names in the description of the API: what has a title is written once and referred to. */

type Node = Readonly<Record<string, unknown>>

export interface Named<Document> {
  readonly document: Document
  readonly schemas: Readonly<Record<string, unknown>>
}

/** @throws Error when two schemas that differ have one title. */
export function nameSchemas<Document>(document: Document): Named<Document> {
  const schemas: Record<string, unknown> = {}
  const named = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(named)
    if (!isNode(value)) return value
    const inner = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, named(each)]))
    const title = titleOf(value)
    if (title === undefined) return inner
    const known = schemas[title]
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(inner))
      throw new Error(`two schemas that differ are called ${title}`)
    schemas[title] = inner
    return { $ref: `#/components/schemas/${title}` }
  }
  return { document: named(document) as Document, schemas }
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/** The document itself has a title, too, and is no schema. */
const titleOf = ({ type, title }: Node): string | undefined =>
  type === 'object' && typeof title === 'string' ? title : undefined
