import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RetryClass } from './retryClasses.ts'
import { MAX_TRIES, RETRIABLE_CLASSES, RETRY_CLASSES, verdictOf } from './retryClasses.ts'

const verdict = (retryClass: RetryClass, tries = 0, more: Partial<Parameters<typeof verdictOf>[0]> = {}) =>
  verdictOf({ retryClass, tries, onUncertain: 'Hold', ageMs: 0, random: 0.5, ...more })

test.each<[RetryClass, string, number]>([
  ['accepted', 'sent', 1],
  ['recipient', 'failed', 1],
  ['sender', 'failed', 1],
  ['transient', 'deferred', 1],
  ['throttle', 'deferred', 0],
  ['unreachable', 'deferred', 0],
  ['account', 'deferred', 0],
  ['quota', 'deferred', 0],
  ['mismatch', 'uncertain', 1],
  ['ambiguous', 'uncertain', 1],
])('%s leads to %s and spends %i tries', (retryClass, state, tries) => {
  expect(verdict(retryClass)).toMatchObject({ state, tries })
})

test('what is ambiguous is sent again only by policy', () => {
  expect(verdict('ambiguous', 0, { onUncertain: 'Resend' }).state).toBe('deferred')
})

test('what may have gone at the last try is uncertain, not failed', () => {
  expect(verdict('ambiguous', MAX_TRIES - 1, { onUncertain: 'Resend' }).state).toBe('uncertain')
})

test('tries end', () => {
  expect(verdict('transient', MAX_TRIES - 1).state).toBe('failed')
  expect(verdict('throttle', MAX_TRIES - 1).state).toBe('deferred')
})

test('the provider’s wish to wait longer is granted', () => {
  expect(verdict('transient', 0, { retryAfterMs: 300_000 }).dueMs).toBe(300_000)
})

test('nothing that may have been accepted is ever sent again under Hold, and only deferred ones have a due time', () => {
  const classes = fc.constantFrom(...(Object.keys(RETRY_CLASSES) as RetryClass[]))
  const random = fc.double({ min: 0, max: 0.999, noNaN: true })
  fc.assert(
    fc.property(classes, fc.nat(40), random, (retryClass, tries, x) => {
      const { state, dueMs } = verdict(retryClass, tries, { random: x })
      if (['ambiguous', 'mismatch', 'accepted'].includes(retryClass)) expect(state).not.toBe('deferred')
      expect(dueMs > 0).toBe(state === 'deferred')
      expect(dueMs).toBeLessThanOrEqual(3_600_000)
    }),
  )
})

const DAY_MS = 86_400_000

test('whatever is tried again ends: by its tries, or by its age', () => {
  for (const retryClass of Object.keys(RETRY_CLASSES) as RetryClass[]) {
    for (const onUncertain of ['Hold', 'Resend'] as const) {
      expect(verdict(retryClass, 0, { onUncertain, ageMs: 8 * DAY_MS }).state).not.toBe('deferred')
    }
  }
})

test('nobody is given up before the four days of RFC 5321, and whoever is can be tried again', () => {
  for (const retryClass of RETRIABLE_CLASSES) {
    if (RETRY_CLASSES[retryClass].state !== 'deferred') continue
    expect(verdict(retryClass, 0, { ageMs: 4 * DAY_MS }).state).toBe('deferred')
    expect(verdict(retryClass, 0, { ageMs: 8 * DAY_MS })).toMatchObject({ state: 'failed', dueMs: 0 })
  }
})

test('of what ends as failed, only what is the recipient’s fault cannot be retried', () => {
  const ends = (Object.keys(RETRY_CLASSES) as RetryClass[]).filter(
    (retryClass) => verdict(retryClass, 0, { ageMs: 8 * DAY_MS }).state === 'failed',
  )
  expect(ends.filter((each) => !(RETRIABLE_CLASSES as readonly string[]).includes(each))).toEqual([
    'recipient',
  ])
})

test('the longer it goes on, the less often it is asked again where no try is spent', () => {
  const due = (ageMs: number) => verdict('account', 0, { ageMs }).dueMs
  expect([0, 60_000, 600_000, DAY_MS].map(due)).toEqual([5_000, 6_000, 60_000, 600_000])
})
