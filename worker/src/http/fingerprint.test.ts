import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { fingerprintOf } from './fingerprint.ts'

const of = (body: unknown, query = {}) => fingerprintOf(body, query).fingerprint

test('the order of keys does not tell requests apart, everything else does', () => {
  const one = of({ a: 1, b: { c: [1, 2], d: 'x' } })
  expect(of({ b: { d: 'x', c: [1, 2] }, a: 1 })).toBe(one)
  expect(of({ a: 1, b: { c: [2, 1], d: 'x' } })).not.toBe(one)
  expect(of({ a: 1, b: { c: [1, 2], d: 'y' } })).not.toBe(one)
  expect(of({ a: 1, b: { c: [1, 2], d: 'x' } }, { invalid: 'skip' })).not.toBe(one)
})

test('a request that was stored before keys were put in order is still known', () => {
  const body = { b: 1, a: 2 }
  const former = createHash('sha256').update(JSON.stringify(body)).digest('hex')
  expect(fingerprintOf(body, {}).formerFingerprint()).toBe(former)
})
