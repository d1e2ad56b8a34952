/** Whoever writes a command into a document has a test follow it, or says why none can. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repositoryDir } from '../cluster/paths.ts'
import type { Block } from './blocks.ts'
import { blocksOf, inlineCodeOf } from './blocks.ts'
import { procedure, procedureOf } from './procedures.ts'
import { BLOCKS_NOT_RUN, ONLY_MENTIONED } from './unfollowed.ts'

const COMMANDS = new Set(['sh', 'bash', 'shell', 'console', 'sql'])
/** What a line of commands begins with, were its block without a language. */
const PROGRAM =
  /^\s*(kubectl|make|docker|curl|openssl|printf|npx|npm|node|psql|helm|git|RESTORE|ALTER|DROP|SELECT) /m
/** A sentence that asks for one of these hides a procedure. */
const CHANGES =
  /^(kubectl (annotate|apply|cp|create|debug|delete|edit|exec|label|patch|replace|rollout|scale|set) |(ALTER|CREATE|DROP|GRANT|RESTORE|TRUNCATE|UPDATE) [^…]*[;']|curl )/

const read = (file: string) => readFileSync(join(repositoryDir, file), 'utf8')
const documents = [
  'README.md',
  'SECURITY.md',
  ...readdirSync(join(repositoryDir, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]
const blocks = documents.flatMap((file) => blocksOf(file, read(file)))
const referenceOf = ({ file, procedure: name = '' }: Block) => `${file}#${name}`
const isUnfollowed = (reason: string, { file, text }: Block) => {
  const [inFile = '', beginning = ''] = reason.split(': ')
  return file === inFile && text.startsWith(beginning)
}

/** What the tests with servers and pods name. */
const followed = new Set(
  ['operator/test', 'worker/test', 'hack/e2e']
    .flatMap((folder) => readdirSync(join(repositoryDir, folder)).map((name) => `${folder}/${name}`))
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => [...read(file).matchAll(/procedure\(\s*'([\w/.-]+\.md#[a-z0-9-]+)'/g)])
    .map(([, reference = '']) => reference),
)

test.each(
  blocks
    .filter(({ language }) => COMMANDS.has(language))
    .map((block) => [`${block.file}:${block.line}`, block] as const),
)('the commands at %s are followed by a test, or it is said why not', (_, block) => {
  const reasons = Object.keys(BLOCKS_NOT_RUN).filter((reason) => isUnfollowed(reason, block))
  expect([
    block.text,
    block.procedure === undefined ? reasons.length : followed.has(referenceOf(block)),
  ]).toEqual([block.text, block.procedure === undefined ? 1 : true])
})

test('no block hides commands behind another language or none', () => {
  const others = blocks.filter(({ language }) => !COMMANDS.has(language))
  expect(others.filter(({ text }) => PROGRAM.test(text)).map(({ file, line }) => `${file}:${line}`)).toEqual(
    [],
  )
})

test.each(documents)('no sentence of %s hides a command that changes something', (file) => {
  expect(inlineCodeOf(read(file)).filter((code) => CHANGES.test(code) && !(code in ONLY_MENTIONED))).toEqual(
    [],
  )
})

test('what is listed as not followed is there', () => {
  const unknown = Object.keys(BLOCKS_NOT_RUN).filter(
    (reason) => !blocks.some((block) => isUnfollowed(reason, block)),
  )
  const mentioned = new Set(documents.flatMap((file) => inlineCodeOf(read(file))))
  expect([...unknown, ...Object.keys(ONLY_MENTIONED).filter((code) => !mentioned.has(code))]).toEqual([])
})

test('a test names no procedure that is not there, and no name stands for two', () => {
  const names = blocks.flatMap((block) => (block.procedure === undefined ? [] : [referenceOf(block)]))
  expect([...followed].filter((reference) => !names.includes(reference))).toEqual([])
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

describe('a procedure', () => {
  test('is the block below its mark, as it is written', () => {
    expect(procedure('docs/ownership.md#adopt-orphans').text).toBe(
      'kubectl annotate batchsender orders batchsender.io/adoptOrphans=true\n',
    )
    expect(() => procedure('docs/ownership.md#nothing')).toThrow('no procedure docs/ownership.md#nothing')
  })

  test('in a list loses the indentation of its fence alone', () => {
    const [block] = blocksOf(
      'x.md',
      '1. Do:\n\n   <!-- procedure: a -->\n\n   ```sh\n   one \\\n     two\n   ```\n',
    )
    expect(block).toMatchObject({ line: 5, language: 'sh', procedure: 'a', text: 'one \\\n  two\n' })
  })

  test('has values in the place of examples, each once, and refuses what it does not say', () => {
    const given = procedureOf("RESTORE DATABASE a AS a_b;\nDROP TABLE 'a;b' SYNC;\n", 'x.md#y')
    expect(given.statements).toEqual(['RESTORE DATABASE a AS a_b', "DROP TABLE 'a;b' SYNC"])
    expect(procedureOf('a b a\n', 'x.md#y').with({ a: 'b', b: 'a' }).text).toBe('b a b\n')
    expect(() => given.with({ c: 'd' })).toThrow('x.md#y does not say c')
  })
})
