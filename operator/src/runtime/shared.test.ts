import { expect, it } from 'vitest'
import { Shared } from './shared.ts'

it('gives for equal values the first of them', () => {
  const shared = new Shared<object>()
  const first = { 'f:spec': { 'f:ports': {} } }
  expect(shared.one(first)).toBe(first)
  expect(shared.one({ 'f:spec': { 'f:ports': {} } })).toBe(first)
  expect(shared.one({ 'f:spec': {} })).not.toBe(first)
})

it('leaves alone what is too long to be kept', () => {
  const shared = new Shared<object>()
  const long = () => ({ text: 'x'.repeat(20_000) })
  const [one, other] = [long(), long()]
  expect(shared.one(one)).toBe(one)
  expect(shared.one(other)).toBe(other)
})
