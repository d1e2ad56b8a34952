import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PROBLEM_TYPES, problemTitle, statusOf } from './problem.ts'

test('every problem stands in docs/http.md as it is told', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/http.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (\d{3}) +\| (.*?) +\|$/gm)].map((row) => row.slice(1))
  const told = PROBLEM_TYPES.map((type) => [type, String(statusOf(type)), problemTitle(type)])
  expect(new Set(rows.map(String))).toEqual(new Set(told.map(String)))
})
