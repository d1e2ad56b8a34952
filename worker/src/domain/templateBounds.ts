/** Texts that the parser is not given: its time grows with the square of the depth, in which it counts each `else if`. */

export interface TooMuch {
  readonly code: 'nested_too_deep' | 'too_many_placeholders'
  readonly detail: string
}

const DEEPEST = 8
const MOST_PLACEHOLDERS = 2_000
/** The beginning of a block, its end, another branch of it, or any other placeholder; not a literal one. */
const PLACEHOLDER = /(?<!\\)\{\{~?\s*(#|\/|else\s|)/g

export function tooMuchOf(source: string): TooMuch | undefined {
  /** Of each open block, how deep it has got. */
  const open: number[] = []
  let count = 0
  for (const [, kind = ''] of source.matchAll(PLACEHOLDER)) {
    count += 1
    if (kind === '#') open.push(1)
    else if (kind === '/') open.pop()
    else if (kind !== '') open.push((open.pop() ?? 0) + 1)
    if (count > MOST_PLACEHOLDERS)
      return { code: 'too_many_placeholders', detail: `at most ${MOST_PLACEHOLDERS} in one text` }
    if (open.reduce((sum, depth) => sum + depth, 0) > DEEPEST)
      return { code: 'nested_too_deep', detail: `at most ${DEEPEST} blocks or else ifs within each other` }
  }
  return undefined
}
