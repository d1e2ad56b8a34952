import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describedTables } from './describedTables.ts'
import { FIELD_CODES } from './fieldCodes.ts'

const sources = ['.', 'uploads', '..', '../domain'].flatMap((folder) => {
  const dir = join(import.meta.dirname, folder)
  return readdirSync(dir)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'fieldCodes.ts')
    .map((name) => readFileSync(join(dir, name), 'utf8'))
})

test('every code that a fault is given stands in the table, and no other', () => {
  const unknown = Object.keys(FIELD_CODES).filter(
    (code) => !sources.some((source) => source.includes(`'${code}'`)),
  )
  expect(unknown).toEqual([])
  const coded = sources.flatMap((source) =>
    Array.from(source.matchAll(/\bcode: '([a-z_]+)'/g), ([, code = '']) => code),
  )
  expect(coded.filter((code) => !Object.hasOwn(FIELD_CODES, code))).toEqual([])
  expect(coded.length).toBeGreaterThan(20)
})

test('the tables have every state, class, code and problem', () => {
  const text = describedTables()
  for (const name of ['completed_with_failures', 'uncertain', 'throttle', 'complained', 'missing_variable'])
    expect(text).toContain(`| \`${name}\` |`)
  expect(text).toContain('| `batch-state` | 409 |')
})
