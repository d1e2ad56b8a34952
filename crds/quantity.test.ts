import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalQuantity, isQuantity } from './quantity.ts'

describe('a quantity', () => {
  it.each([
    ['1024Mi', '1Gi'],
    ['1000m', '1'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['5.', '5'],
    [1, '1'],
    [0.25, '250m'],
    ['1Gi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['512', '512'],
    ['2000', '2k'],
    ['1500', '1500'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['12e2', '1200'],
    ['1E', '1E'],
    ['0', '0'],
    ['0Mi', '0'],
    ['1Ki', '1Ki'],
    ['0.5Ki', '512'],
    ['1000Ki', '1000Ki'],
    ['+2', '2'],
    ['007', '7'],
  ])('%s is kept as %s', (given, kept) => {
    expect(canonicalQuantity(given)).toBe(kept)
  })

  it.each(['lots', '', '-1', '1 Gi', '1gi', 'e3', '.', true, null])('%s is left for the server', (given) => {
    expect(canonicalQuantity(given)).toBe(given)
    expect(isQuantity(given)).toBe(false)
  })

  it('is what it was: canonical forms are their own', () => {
    const suffix = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'u')
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.nat(999), suffix, (whole, fraction, unit) => {
        const once = canonicalQuantity(`${whole}.${fraction}${unit}`)
        expect(canonicalQuantity(once)).toBe(once)
      }),
    )
  })
})
