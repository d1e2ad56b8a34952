/** Rows as CSV (RFC 4180) in UTF-8 with a line of names: `address`, and the variables, which all are texts. */
import type { CsvError } from 'csv-parse'
import { parse } from 'csv-parse'
import type { Given, Row, RowReader } from './rows.ts'
import { isStorable } from '../../domain/variables.ts'
import { Problem } from '../problem.ts'
import { ROW_BYTES } from './rows.ts'

const ADDRESS = 'address'
/** Of a recipient's variables, and the address. */
const MOST_COLUMNS = 101
/** What bytes that are not UTF-8 are read as; nobody writes it. */
const NOT_UTF8 = '\u{fffd}'

export function csvRows(): RowReader {
  let columns: readonly string[] | undefined
  let rows: Row[] = []
  let problem: Problem | undefined
  const parser = parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: ROW_BYTES,
    record_delimiter: ['\r\n', '\n', '\r'],
    // Called while a piece is parsed: nothing is kept in its own stream.
    on_record: (cells: readonly string[]) => {
      if (problem !== undefined) return null
      if (columns !== undefined) rows.push(rowOf(columns, cells))
      else {
        problem = faultOfColumns(cells)
        columns = cells.map((name) => name.trim())
      }
      return null
    },
  })
  parser.on('error', () => undefined)
  parser.resume()
  const fed = (feed: (done: (error?: Error | null) => void) => void): Promise<readonly Row[]> =>
    new Promise((resolve) => {
      feed((error) => {
        if (error) problem ??= malformed(error as CsvError)
        const found = rows
        rows = []
        resolve(found)
      })
    })
  return {
    get problem() {
      return problem
    },
    push: (piece) => (problem ? Promise.resolve([]) : fed((done) => parser.write(piece, done))),
    end: async () => {
      if (problem) return []
      const found = await fed((done) => parser.end(done))
      if (columns === undefined) problem ??= faulty('no_address_column', NO_ADDRESS)
      return found
    },
  }
}

const NO_ADDRESS = `the first line has the names of the columns, separated by commas: one is "${ADDRESS}"`

const faulty = (code: string, detail: string): Problem =>
  new Problem('invalid-request', [{ pointer: '', code, detail }])

/** Where quotes are not what they should be, nobody knows where the next row begins. */
function malformed({ code, message }: CsvError): Problem {
  return faulty(code === 'CSV_MAX_RECORD_SIZE' ? 'row_too_long' : 'malformed_csv', message)
}

function faultOfColumns(cells: readonly string[]): Problem | undefined {
  const names = cells.map((name) => name.trim())
  if (!names.includes(ADDRESS)) return faulty('no_address_column', NO_ADDRESS)
  if (names.length > MOST_COLUMNS) return faulty('maxItems', `at most ${MOST_COLUMNS} columns`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return faulty('duplicate_column', `"${twice}" twice`)
  const wrong = names.find((name) => name === '' || name === '__proto__' || !isStorable(name))
  return wrong === undefined ? undefined : faulty('column_name', `"${wrong}" is no name of a variable`)
}

function rowOf(columns: readonly string[], cells: readonly string[]): Row {
  return { text: JSON.stringify(cells), read: () => givenBy(columns, cells) }
}

function givenBy(columns: readonly string[], cells: readonly string[]): Given {
  if (cells.length !== columns.length) {
    const detail = `${cells.length} columns, where there are ${columns.length} names`
    return { fault: { pointer: '', code: 'column_count', detail } }
  }
  if (cells.some((cell) => cell.includes(NOT_UTF8))) return { fault: { pointer: '', code: 'invalid_utf8' } }
  let address = ''
  const variables: Record<string, string> = {}
  for (const [index, name] of columns.entries()) {
    const cell = cells[index] ?? ''
    if (name === ADDRESS) address = cell
    else variables[name] = cell
  }
  return { value: { address, variables } }
}
