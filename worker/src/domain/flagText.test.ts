import { expect, test } from 'vitest'
import { flagdTextOf } from './flagText.ts'

const flagsOf = (text: string) => (JSON.parse(flagdTextOf(text)) as { flags: Record<string, unknown> }).flags

test('the format of flagd is handed on as it is', () => {
  const text = ' { "flags": {} }'
  expect(flagdTextOf(text)).toBe(text)
})

test('pairs become flags of flagd, whatever separates them', () => {
  const flags = flagsOf('provider-paused=true, on-uncertain=Resend\nwide-claims=25%')
  expect(Object.keys(flags)).toEqual(['provider-paused', 'on-uncertain', 'wide-claims'])
  expect(flags['provider-paused']).toMatchObject({ variants: { on: true, off: false }, defaultVariant: 'on' })
  expect(flags['on-uncertain']).toMatchObject({ variants: { Resend: 'Resend' }, defaultVariant: 'Resend' })
  expect(flags['wide-claims']).toMatchObject({
    targeting: {
      fractional: [
        ['on', 25],
        ['off', 75],
      ],
    },
  })
})

test('nothing at all is no flag', () => {
  expect(flagsOf(' ')).toEqual({})
})

test.each([
  { why: 'there is no value', text: 'provider-paused=', says: 'neither name=value' },
  { why: 'there is no sign', text: 'provider-paused', says: 'neither name=value' },
  { why: 'it is more than all', text: 'wide-claims=101%', says: 'no whole percentage' },
  { why: 'it is no number', text: 'wide-claims=half%', says: 'no whole percentage' },
])('a pair is refused when $why', ({ text, says }) => {
  expect(() => flagdTextOf(text)).toThrow(says)
})
