import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ALL_ANSWERS, AnswerBudget } from './answerBudget.ts'

const KIBIBYTE = 1_024
const budget = () => new AnswerBudget({ mostBytes: 100 * KIBIBYTE, mostBytesOfNamespace: 40 * KIBIBYTE })

it('never refuses an answer of ordinary length', () => {
  const all = budget()
  const answers = Array.from({ length: 1_000 }, () => all.account('mail').take(16 * KIBIBYTE))
  expect(answers).not.toContain(false)
  expect(all.held).toBe(0)
})

it('refuses a namespace that has its share, and no other one', () => {
  const all = budget()
  const [first, second, third] = [all.account('mail'), all.account('mail'), all.account('shop')]
  expect(first.take(56 * KIBIBYTE)).toBe(true)
  expect(second.take(17 * KIBIBYTE)).toBe(false)
  expect(third.take(56 * KIBIBYTE)).toBe(true)
  first.end()
  expect(second.take(17 * KIBIBYTE)).toBe(true)
})

it('refuses everybody when all of it is held', () => {
  const all = budget()
  for (const namespace of ['a', 'b']) expect(all.account(namespace).take(56 * KIBIBYTE)).toBe(true)
  expect(all.account('c').take(36 * KIBIBYTE)).toBe(true)
  expect(all.account('d').take(17 * KIBIBYTE)).toBe(false)
  expect(all.held).toBe(100 * KIBIBYTE)
})

it('holds no more than it has and nothing at the end, whatever comes and goes', () => {
  const step = fc.record({
    connection: fc.nat(9),
    namespace: fc.constantFrom('a', 'b', 'c', 'd'),
    bytes: fc.nat(80 * KIBIBYTE),
    ends: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const all = budget()
      const accounts = new Map<string, ReturnType<typeof all.account>>()
      for (const { connection, namespace, bytes, ends } of steps) {
        const key = `${namespace}-${connection}`
        const account = accounts.get(key) ?? all.account(namespace)
        accounts.set(key, account)
        if (ends) account.end()
        else account.take(bytes)
        expect(all.held).toBeGreaterThanOrEqual(0)
        expect(all.held).toBeLessThanOrEqual(100 * KIBIBYTE)
      }
      for (const account of accounts.values()) account.end()
      expect(all.held).toBe(0)
    }),
  )
})

it('is a sixteenth of the memory that the manifest gives the operator, and a quarter of that for a namespace', () => {
  const manifest = readFileSync(join(import.meta.dirname, '../../../config/manager/manager.yaml'), 'utf8')
  const [, mebibytes] = /limits:\s+memory: (\d+)Mi/.exec(manifest) ?? []
  const mostBytes = (Number(mebibytes) * 1_048_576) / 16
  expect(ALL_ANSWERS).toEqual({ mostBytes, mostBytesOfNamespace: mostBytes / 4 })
})
