import { expect, test } from 'vitest'
import type { Outcome, Work } from './ports.ts'
import type { RetryClass } from '../domain/retryClasses.ts'
import { RETRY_CLASSES } from '../domain/retryClasses.ts'
import { BatchWatch } from './batchWatch.ts'
import { DOMINANT } from './refusalWindow.ts'

const work = (more: Partial<Work> = {}): Work => ({
  batchId: 'b',
  chunk: 0,
  firstSeq: 0,
  lastSeq: 99,
  run: 0,
  resumed: undefined,
  recipients: 100,
  accepted: [],
  express: false,
  content: { from: 'a@x.org', subject: '', text: '', html: undefined },
  ...more,
})
const refused: Outcome = { retryClass: 'sender', code: 'smtp_550' }
const accepted: Outcome = { retryClass: 'accepted' }
const blocked: Outcome = {
  retryClass: 'recipient',
  code: 'smtp_554',
  enhancedCode: '5.7.1',
  detail: 'blocked',
}

/** One outcome for each recipient in turn. @returns what came of each */
const noted = (watch: BatchWatch, outcomes: readonly Outcome[], of = work(), tries = 0) =>
  outcomes.map((outcome, seq) => watch.note(of, { seq, tries }, outcome)?.kind)

test.each<[string, readonly Outcome[], readonly (string | undefined)[]]>([
  ['a sender that is refused twice fails the batch', [refused, refused], [undefined, 'fail']],
  ['one that is refused once does not', [refused, accepted], [undefined, undefined]],
  ['nor twice with a mail taken in between', [refused, accepted, refused], [undefined, undefined, undefined]],
  ['nor for two reasons', [refused, { ...refused, code: 'smtp_503' }], [undefined, undefined]],
  [
    'whatever else is said in between says nothing of it',
    [refused, blocked, refused],
    [undefined, undefined, 'fail'],
  ],
])('%s', (_, outcomes, expected) => {
  expect(noted(new BatchWatch(), outcomes)).toEqual(expected)
})

test('the same recipient again is no second opinion, and a batch of one needs none', () => {
  const watch = new BatchWatch()
  for (const tries of [0, 1, 2]) expect(watch.note(work(), { seq: 7, tries }, refused)).toBeUndefined()
  expect(watch.note(work({ batchId: 'one', recipients: 1 }), { seq: 0, tries: 0 }, refused)).toEqual({
    kind: 'fail',
    code: 'smtp_550',
  })
})

test('a run, and what came before a pause, is no part of the next', () => {
  const watch = new BatchWatch()
  expect(noted(watch, [refused])).toEqual([undefined])
  expect(watch.note(work({ run: 1 }), { seq: 1, tries: 0 }, refused)).toBeUndefined()
  expect(watch.note(work({ resumed: '17' }), { seq: 1, tries: 0 }, refused)).toBeUndefined()
  expect(watch.note(work(), { seq: 1, tries: 0 }, refused)?.kind).toBe('fail')
})

test('the same refusal of most pauses the batch, with its words', () => {
  const watch = new BatchWatch()
  const last = Array.from({ length: DOMINANT }, (_, seq) =>
    watch.note(work(), { seq, tries: 0 }, blocked),
  ).at(-1)
  expect(last).toEqual({
    kind: 'pause',
    refusal: {
      class: 'recipient',
      code: 'smtp_554',
      enhancedCode: '5.7.1',
      detail: 'blocked',
      count: DOMINANT,
      of: DOMINANT,
    },
  })
})

test('not when a person has looked at that very refusal', () => {
  const of = work({ accepted: ['recipient|smtp_554|5.7.1'] })
  const watch = new BatchWatch()
  expect(
    noted(
      watch,
      Array.from({ length: 100 }, () => blocked),
      of,
    ),
  ).not.toContain('pause')
  const other = { ...blocked, enhancedCode: '5.1.1' }
  expect(
    noted(
      watch,
      Array.from({ length: DOMINANT }, () => other),
      of,
    ),
  ).toContain('pause')
})

const many = (retryClass: RetryClass) => Array.from({ length: 100 }, () => ({ retryClass, code: 'c' }))

test('who is refused for now counts when it has gone on for long', () => {
  expect(noted(new BatchWatch(), many('transient'), work(), 6)).not.toContain('pause')
  expect(noted(new BatchWatch(), many('transient'), work(), 7)).toContain('pause')
})

test('what is said of the way, or of us, pauses no batch: the gate holds everything', () => {
  const counted: readonly RetryClass[] = ['recipient', 'mismatch', 'transient']
  for (const retryClass of Object.keys(RETRY_CLASSES) as RetryClass[]) {
    const kinds = noted(new BatchWatch(), many(retryClass), work(), 15)
    expect([retryClass, kinds.includes('pause')]).toEqual([retryClass, counted.includes(retryClass)])
  }
})
