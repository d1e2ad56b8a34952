/** A reason that nothing gives, or that no test has seen, is a promise to whoever reads docs/api.md. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CONDITIONS } from '../../crds/schema/conditions.ts'

const OPERATOR = join(import.meta.dirname, '..')
const OWN = 'src/reasons.test.ts'

const files = readdirSync(OPERATOR, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.ts') && path !== OWN && !path.includes('node_modules'),
)
const textOf = (paths: readonly string[]) =>
  paths.map((path) => readFileSync(join(OPERATOR, path), 'utf8')).join('\n')
const isTest = (path: string) => path.endsWith('.test.ts') || path.startsWith('test/')

const product = textOf(files.filter((path) => !isTest(path)))
const tests = textOf(files.filter(isTest))

test.each(Object.entries(CONDITIONS))(
  'every reason of %s is given by the operator and seen by a test',
  (_, { reasons }) => {
    const names = Object.keys(reasons)
    expect(names.filter((name) => !product.includes(`'${name}'`))).toEqual([])
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(tests))).toEqual([])
  },
)
