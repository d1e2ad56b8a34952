import { describe, expect, it } from 'vitest'
import { settle, type Belief, type Look } from './settling.ts'

const good = { good: true, seen: 'well' }
const bad = { good: false, seen: 'ill' }
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 23, 12, 0, seconds))

const after = (...looks: readonly { look: Look<string>; second: number }[]) =>
  looks.reduce<Belief<string> | undefined>(
    (belief, { look, second }) => settle(belief, look, at(second)),
    undefined,
  )?.sighting?.seen

describe('settle', () => {
  it('believes the first look when it is good, and says nothing of a bad one until it stays', () => {
    expect(after({ look: good, second: 0 })).toBe('well')
    expect(after({ look: bad, second: 0 })).toBeUndefined()
    expect(after(...[0, 1].map((second) => ({ look: bad, second })))).toBeUndefined()
    expect(after(...[0, 1, 2].map((second) => ({ look: bad, second })))).toBe('ill')
    expect(after(...[0, 60].map((second) => ({ look: bad, second })))).toBe('ill')
  })

  it('does not let one or two bad looks flip a good one', () => {
    expect(after({ look: good, second: 0 }, { look: bad, second: 1 }, { look: bad, second: 2 })).toBe('well')
  })

  it('believes three bad looks in a row', () => {
    expect(after({ look: good, second: 0 }, ...[1, 2, 3].map((second) => ({ look: bad, second })))).toBe(
      'ill',
    )
  })

  it('believes silence when it lasts', () => {
    const silent = (second: number) => ({ look: { ...bad, silence: true }, second })
    expect(after(...[0, 2, 4, 8].map(silent))).toBeUndefined()
    expect(after({ look: good, second: 0 }, ...[1, 3, 9, 15].map(silent))).toBe('well')
    expect(after(...[0, 2, 15].map(silent))).toBe('ill')
    expect(after(...[0, 2].map(silent), { look: bad, second: 4 })).toBe('ill')
  })

  it('believes a minute of bad looks', () => {
    expect(after({ look: good, second: 0 }, { look: bad, second: 1 }, { look: bad, second: 61 })).toBe('ill')
  })

  it('believes a good look at once and forgets the bad ones', () => {
    const looks = [good, bad, bad, good, bad, bad].map((look, second) => ({ look, second }))
    expect(after(...looks)).toBe('well')
  })
})
