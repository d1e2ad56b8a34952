import { expect, test } from 'vitest'
import { flagdTextOf } from '../domain/flagText.ts'
import { emptyFlagSet, parseFlagSet } from './flagSet.ts'

const set = (flags: object) => parseFlagSet(JSON.stringify({ flags }))
const onOff = (more: object = {}) => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'on',
  ...more,
})

const share = (text: string, ids: readonly string[]) => {
  const flags = parseFlagSet(flagdTextOf(text))
  return ids.filter(
    (targetingKey) => flags.resolve<boolean>('boolean', 'wide-claims', false, { targetingKey }).value,
  )
}

test('a flag that is not in the set has its standard value', () => {
  expect(emptyFlagSet().resolve('boolean', 'provider-paused', false, {}).value).toBe(false)
  expect(set({ 'provider-paused': onOff() }).resolve('boolean', 'provider-paused', false, {}).value).toBe(
    true,
  )
})

test('a flag that is disabled has its standard value', () => {
  const flags = set({ 'provider-paused': onOff({ state: 'DISABLED' }) })
  expect(flags.resolve('boolean', 'provider-paused', false, {})).toMatchObject({
    value: false,
    reason: 'DISABLED',
  })
})

test('a percentage is of all batches, the same at every look, and a larger one includes a smaller one', () => {
  const ids = Array.from({ length: 2_000 }, (_, index) => `batch-${index}`)
  const quarter = share('wide-claims=25%', ids)
  expect(quarter.length / ids.length).toBeGreaterThan(0.21)
  expect(quarter.length / ids.length).toBeLessThan(0.29)
  expect(share('wide-claims=25%', ids)).toEqual(quarter)
  expect(share('wide-claims=60%', ids)).toEqual(expect.arrayContaining(quarter) as string[])
  expect(share('wide-claims=0%', ids)).toEqual([])
  expect(share('wide-claims=100%', ids)).toEqual(ids)
})

test.each([
  { why: 'it is no JSON', text: '{"flags": {' },
  { why: 'it has no flags', text: '{"flag": {}}' },
  {
    why: 'a switch is a text',
    text: JSON.stringify({ flags: { 'provider-paused': onOff({ variants: { on: 'yes' } }) } }),
  },
  {
    why: 'a text is none of those that there are',
    text: JSON.stringify({
      flags: {
        'on-uncertain': { state: 'ENABLED', variants: { r: 'Retry' }, defaultVariant: 'r' },
      },
    }),
  },
  {
    why: 'the default is no variant',
    text: JSON.stringify({ flags: { 'provider-paused': onOff({ defaultVariant: 'maybe' }) } }),
  },
  {
    why: 'a rule is none',
    text: JSON.stringify({ flags: { 'wide-claims': onOff({ targeting: { percentage: [1] } }) } }),
  },
])('a set is refused as a whole when $why', ({ text }) => {
  expect(() => parseFlagSet(text)).toThrow()
})

test('flags of other programs may be what they like', () => {
  expect(() =>
    set({ theirs: { state: 'ENABLED', variants: { a: 1, b: 2 }, defaultVariant: 'a' } }),
  ).not.toThrow()
})
