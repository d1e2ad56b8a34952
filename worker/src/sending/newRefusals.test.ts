import { expect, test } from 'vitest'
import { NewRefusals } from './newRefusals.ts'

const refused = { retryClass: 'recipient', code: 'smtp_550', stage: 'rcpt', enhancedCode: '5.1.1' } as const

test('each kind of refusal of a batch is new once, an acceptance never', () => {
  const refusals = new NewRefusals()
  expect(refusals.isNew('a', refused)).toBe(true)
  expect(refusals.isNew('a', { ...refused, detail: 'other words' })).toBe(false)
  expect(refusals.isNew('b', refused)).toBe(true)
  expect(refusals.isNew('a', { ...refused, enhancedCode: '5.7.1' })).toBe(true)
  expect(refusals.isNew('a', { retryClass: 'accepted' })).toBe(false)
})

test('what is remembered has a bound, and what is seen again is remembered longer', () => {
  const refusals = new NewRefusals()
  refusals.isNew('first', refused)
  for (let n = 0; n < 999; n += 1) refusals.isNew(`b${n}`, refused)
  expect(refusals.isNew('first', refused)).toBe(false)
  refusals.isNew('more', refused)
  expect(refusals.isNew('first', refused)).toBe(false)
  expect(refusals.isNew('b0', refused)).toBe(true)
})
