import { expect, it } from 'vitest'
import { OutageNote } from './providerOutage.ts'

const AT = Date.parse('2026-11-23T12:00:00Z')
const away = { retryClass: 'unreachable', code: 'ECONNREFUSED' } as const

it('begins with the first refusal, tells of the last, and ends with a success', () => {
  const note = new OutageNote()
  expect(note.current(AT)).toBeUndefined()
  note.refused(away, AT)
  note.refused({ retryClass: 'throttle', code: 'smtp_421', replyCode: 421 }, AT + 5_000)
  expect(note.current(AT + 6_000)).toEqual({
    since: new Date(AT),
    lastAt: new Date(AT + 5_000),
    retryClass: 'throttle',
    code: 'smtp_421',
    replyCode: 421,
  })
  note.succeeded()
  expect(note.current(AT + 6_000)).toBeUndefined()
})

const MINUTE = 60_000
const COUNTS = 22.5 * MINUTE

it('is told no more when it was met once, and forgotten when nothing was tried for long', () => {
  const note = new OutageNote()
  note.refused(away, AT)
  expect(note.current(AT + 60_000)).toBeDefined()
  expect(note.current(AT + 60_001)).toBeUndefined()
  note.refused(away, AT + COUNTS + 1)
  expect(note.current(AT + COUNTS + 1)?.since).toEqual(new Date(AT + COUNTS + 1))
})

it.each([1, 5, 15])('is seen by a worker that starts within it, with pauses of %d minutes', (minutes) => {
  const note = new OutageNote()
  const pause = minutes * MINUTE
  for (let at = AT; at < AT + 4 * pause; at += pause) {
    note.refused(away, at)
    expect(note.current(at)?.since).toEqual(new Date(AT))
    if (at > AT) expect(note.current(at + Math.min(1.5 * pause, COUNTS))).toBeDefined()
  }
  note.succeeded()
  expect(note.current(AT + 4 * pause)).toBeUndefined()
})

it('is not told for long when the pauses were short: nobody is left, or somebody else sends', () => {
  const note = new OutageNote()
  for (const at of [0, 5_000, 12_000]) note.refused(away, AT + at)
  expect(note.current(AT + 70_000)).toBeDefined()
  expect(note.current(AT + 80_000)).toBeUndefined()
})

it('lasts through the pauses of a long outage, which grow with it', () => {
  const note = new OutageNote()
  const hour = 3_600_000
  for (let at = 0; at <= hour; at += MINUTE) note.refused(away, AT + at)
  expect(note.current(AT + hour + 700_000)?.since).toEqual(new Date(AT))
  expect(note.current(AT + hour + 800_000)).toBeUndefined()
})
