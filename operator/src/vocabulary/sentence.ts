/** What a server said, cut down to one sentence that fits a column. Pure. */
import type { ApiError } from '../runtime/errors.ts'
import { firstLine } from '../../../crds/firstLine.ts'

/** Longer ones push everything else out of sight. */
const LONGEST = 240
const LONGEST_VALUE = 60

/** The first sentence, on one line. */
export function firstSentence(text: string): string {
  const line = firstLine(text.trim())
  const end = /[.!?](?=\s+[A-Z])/.exec(line)
  return cut(end ? line.slice(0, end.index) : line, LONGEST)
}

/**
 * Why the API server refused an object: the first field at fault with what is wrong about it, without the dump of its
 * value that the server's own text has.
 */
export function refusalText(error: Pick<ApiError, 'message' | 'causes'>): string {
  const [first, ...more] = error.causes.filter(({ field }) => field !== undefined && field !== '')
  if (!first) return firstSentence(withoutPrefix(error.message))
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`
  return (
    cut(
      `${first.field ?? ''}: ${withoutValue(first.message ?? first.reason ?? '')}`,
      LONGEST - others.length,
    ) + others
  )
}

/** `failed to create typed patch object (ns/name; apps/v1, Kind=Deployment): ` tells nothing about the fault. */
function withoutPrefix(message: string): string {
  return message
    .replace(/^failed to create typed patch object \([^)]*\): \.?/, '')
    .replace(
      /^failed to convert new object \([^)]*\) to proper version: unable to convert unstructured object to [^:]*: /,
      '',
    )
}

/** `Invalid value: {…}: field is immutable` without a value that is long. */
function withoutValue(message: string): string {
  const match = /^(Invalid value|Unsupported value|Too long|Duplicate value): /.exec(message)
  if (!match) return message
  const rest = message.slice(match[0].length)
  const end = endOfValue(rest)
  if (end === undefined || end <= LONGEST_VALUE) return message
  return rest.slice(end).replace(/^: /, '') || (match[1] ?? '')
}

/** Where a Go-quoted string, a struct or a list ends. */
function endOfValue(text: string): number | undefined {
  const [first = ''] = text
  if (first === '"') return /^"(?:[^"\\]|\\.)*"/.exec(text)?.[0].length
  if (first !== '{' && first !== '[') return undefined
  const end = Math.max(text.lastIndexOf('}: '), text.lastIndexOf(']: '))
  return end < 0 ? text.length : end + 1
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
