/** Rows as JSON, one to a line: each is a recipient as `POST /v1/batches` has them. Source: github.com/ndjson/ndjson-spec */
import type { FieldError } from '../problem.ts'
import type { Line } from './lines.ts'
import type { Given, Row, RowReader } from './rows.ts'
import { jsonOutline } from '../../jsonOutline.ts'
import { Lines } from './lines.ts'
import { ROW_BYTES } from './rows.ts'

/** @returns the value, or undefined and why there is none. */
export type ParseJson = (text: string) => { readonly value: unknown } | { readonly isForbidden: boolean }

/** What fits into this is not looked at before it is parsed, whatever is made of it. */
const HARMLESS_CHARACTERS = 4_096
/** Of a recipient it is 4. */
const MAX_DEPTH = 32
const MAX_COST_BYTES = 16 * 1_048_576
const BOM = '\u{feff}'
const BLANK = /^\s*$/

export function ndjsonRows(parse: ParseJson): RowReader {
  const lines = new Lines(ROW_BYTES)
  let isFirst = true
  const rowsOf = (found: readonly Line[]): readonly Row[] => {
    const rows: Row[] = []
    for (const { text, fault } of found) {
      const own = isFirst && text.startsWith(BOM) ? text.slice(1) : text
      isFirst = false
      if (fault !== undefined) rows.push({ text, read: () => ({ fault: faultOf(fault) }) })
      else if (!BLANK.test(own)) rows.push({ text: own, read: () => givenBy(own, parse) })
    }
    return rows
  }
  return {
    problem: undefined,
    push: (piece) => Promise.resolve(rowsOf(lines.push(piece))),
    end: () => {
      const last = lines.end()
      return Promise.resolve(last === undefined ? [] : rowsOf([last]))
    },
  }
}

const DETAILS = {
  row_too_long: `at most ${ROW_BYTES} bytes`,
  invalid_utf8: undefined,
} as const

function faultOf(code: keyof typeof DETAILS): FieldError {
  const detail = DETAILS[code]
  return { pointer: '', code, ...(detail !== undefined && { detail }) }
}

function givenBy(text: string, parse: ParseJson): Given {
  if (text.length > HARMLESS_CHARACTERS) {
    const outline = jsonOutline(Buffer.from(text), { maxDepth: MAX_DEPTH, maxCostBytes: MAX_COST_BYTES })
    if (!outline.ok)
      return { fault: { pointer: '', code: outline.why === 'too_deep' ? 'too_deep' : 'row_too_long' } }
  }
  const parsed = parse(text)
  if ('value' in parsed) return parsed
  return { fault: { pointer: '', code: parsed.isForbidden ? 'forbidden_name' : 'malformed_json' } }
}
