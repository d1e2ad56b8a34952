import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Variables } from './variables.ts'
import { blockNames, demandOf, Effort, Rehearsal } from './rehearsal.ts'
import { renderText } from './renderTemplate.ts'
import { parseTemplate } from './parseTemplate.ts'

function templateOf(source: string) {
  const parsed = parseTemplate(source)
  if (!parsed.ok) throw new Error(parsed.fault.detail)
  return parsed.template
}
function rehearsed(source: string, variables: Variables, effort = new Effort(1_000_000)): Rehearsal {
  const rehearsal = new Rehearsal(effort)
  rehearsal.add(demandOf(templateOf(source)), [variables])
  return rehearsal
}

test('a value that is missing is told, also in what only some are shown', () => {
  expect([...rehearsed('{{a}}{{#if b}}{{c}}{{/if}}', { b: true }).missing]).toEqual(['a', 'c'])
  expect([...rehearsed('{{a}}{{#if b}}{{c}}{{/if}}', { a: 1 }).missing]).toEqual([])
  expect([...rehearsed('{{#unless a}}{{b}}{{/unless}}', {}).missing]).toEqual(['b'])
  expect([...rehearsed('{{#each l}}{{x}}{{/each}}', { l: [{ x: 1 }, { y: 2 }] }).missing]).toEqual(['x'])
})

test('a list is no value, and a value no list', () => {
  expect([...rehearsed('{{l}}', { l: ['a'] }).lists]).toEqual(['l'])
  expect([...rehearsed('{{#each v}}x{{/each}}', { v: 'a' }).values]).toEqual(['v'])
})

test('the blocks of a text, the inner ones too', () => {
  const source = '{{#if a}}{{#unless b}}{{c}}{{else}}{{#each d}}x{{/each}}{{/unless}}{{/if}}'
  expect(blockNames(demandOf(templateOf(source)))).toEqual(['a', 'b', 'd'])
})

test('it counts what a text becomes', () => {
  const piece = fc.constantFrom(
    'x',
    '{{a}}',
    '{{#each l}}<{{this}}>{{/each}}',
    '{{#if a}}y{{else}}none{{/if}}',
    '{{#each o}}{{a}}{{b}}{{/each}}',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.record({
        a: fc.oneof(fc.string(), fc.integer(), fc.boolean()),
        l: fc.array(fc.string()),
        o: fc.array(fc.record({ b: fc.string() })),
      }),
      (pieces, variables) => {
        const source = pieces.join('')
        const { characters, missing } = rehearsed(source, variables)
        expect(missing.size).toBe(0)
        expect(characters).toBe(renderText(templateOf(source), variables).length)
      },
    ),
  )
})

test('lists within lists are not followed for ever', () => {
  const many = Array.from({ length: 100 }, () => 'x')
  const effort = new Effort(10_000)
  rehearsed('{{#each l}}'.repeat(4) + 'a' + '{{/each}}'.repeat(4), { l: many }, effort)
  expect(effort.isSpent).toBe(true)
})

test.each(['', '{{#if z}}{{/if}}'])('nor are they when they show nothing: %j', (inner) => {
  const many = Array.from({ length: 5_000 }, () => 1)
  const effort = new Effort(10_000)
  rehearsed('{{#each l}}'.repeat(3) + inner + '{{/each}}'.repeat(3), { l: many }, effort)
  expect(effort.isSpent).toBe(true)
})
