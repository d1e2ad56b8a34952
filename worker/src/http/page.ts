/** Lists a page at a time: the parameters that all of them share, and a cursor that only we read. */
import type { TSchema } from 'typebox'
import Type from 'typebox'
import { Problem } from './problem.ts'

const PAGE = 100

/** Of a text that is looked for: PostgreSQL knows no NUL. */
export const WITHOUT_NUL = String.raw`^[^\u0000]*$`

export const pageParameters = {
  limit: Type.Optional(
    Type.String({
      pattern: '^([1-9][0-9]{0,2}|1000)$',
      description: `How many items at most, 1 to 1000; ${PAGE} unless told.`,
    }),
  ),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 512,
      description: '`next_cursor` of the page before, with the same filters.',
    }),
  ),
}

/** The answer of a list. */
export const Page = <Item extends TSchema>(items: Item) =>
  Type.Object(
    {
      items: Type.Array(items, { description: 'In the order of the list.' }),
      has_more: Type.Boolean({ description: 'Whether there are more of them after these.' }),
      next_cursor: Type.Optional(Type.String({ description: 'Present while `has_more` is true.' })),
    },
    { title: `${String((items as { readonly title?: string }).title)}Page` },
  )

export const pageSize = (limit: string | undefined): number => Number(limit ?? PAGE)

/** @param rows one more than `size`, when there are more */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  size: number,
  itemOf: (row: Row) => Item,
  positionOf: (row: Row) => string,
) {
  const page = rows.slice(0, size)
  const last = page.at(-1)
  const hasMore = rows.length > size
  return {
    items: page.map(itemOf),
    has_more: hasMore,
    ...(hasMore && last !== undefined && { next_cursor: renderCursor(positionOf(last)) }),
  }
}

const renderCursor = (position: string): string => Buffer.from(`after ${position}`).toString('base64url')

/** @throws Problem for a cursor that was not ours: `position` has the form of what `positionOf` gave. */
export function parseCursor(cursor: string | undefined, position: RegExp): RegExpExecArray | undefined {
  if (cursor === undefined) return undefined
  const text = Buffer.from(cursor, 'base64url').toString()
  const found = text.startsWith('after ') ? position.exec(text.slice('after '.length)) : null
  if (found === null) throw new Problem('invalid-request', [{ pointer: 'cursor', code: 'format' }])
  return found
}
