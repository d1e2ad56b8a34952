import { describe, expect, it } from 'vitest'
import { says } from './says.ts'

describe('says', () => {
  it.each([
    { live: { a: 1, b: 2 }, desired: { a: 1 }, expected: true, why: 'a default of the server' },
    { live: { a: 2 }, desired: { a: 1 }, expected: false, why: 'another value' },
    { live: {}, desired: { a: 1 }, expected: false, why: 'a missing field' },
    { live: { a: [{ x: 1, y: 2 }] }, desired: { a: [{ x: 1 }] }, expected: true, why: 'a default in a list' },
    { live: { a: [1, 2] }, desired: { a: [1] }, expected: false, why: 'an item too many' },
    { live: undefined, desired: {}, expected: false, why: 'nothing says nothing' },
    { live: { a: null }, desired: { a: {} }, expected: false, why: 'null is no object' },
  ])('is $expected for $why', ({ live, desired, expected }) => {
    expect(says(live, desired)).toBe(expected)
  })
})
