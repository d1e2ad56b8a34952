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

it('is forgotten when nothing was tried for long: somebody else sends, or nobody', () => {
  const note = new OutageNote()
  note.refused(away, AT)
  expect(note.current(AT + 60_000)).toBeDefined()
  expect(note.current(AT + 60_001)).toBeUndefined()
  note.refused(away, AT + 120_000)
  expect(note.current(AT + 120_000)?.since).toEqual(new Date(AT + 120_000))
})

it('lasts through the pauses of a long outage, which grow with it', () => {
  const note = new OutageNote()
  const hour = 3_600_000
  for (let at = 0; at <= hour; at += 60_000) note.refused(away, AT + at)
  expect(note.current(AT + hour + 700_000)?.since).toEqual(new Date(AT))
  expect(note.current(AT + hour + 800_000)).toBeUndefined()
})
