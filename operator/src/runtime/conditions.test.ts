import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeConditions, type ConditionLike, type NextCondition } from './conditions.ts'

const EARLIER = '2026-11-23T02:00:00Z'
const now = new Date('2026-11-23T03:00:00.123Z')
const ready: ConditionLike = {
  type: 'Ready',
  status: 'True',
  observedGeneration: 1,
  lastTransitionTime: EARLIER,
  reason: 'Fine',
  message: 'all is well',
}

const condition: fc.Arbitrary<NextCondition> = fc.record({
  type: fc.constantFrom('Ready', 'WorkerReady', 'NatsReady'),
  status: fc.constantFrom('True', 'False', 'Unknown'),
  reason: fc.constantFrom('Fine', 'Broken'),
  message: fc.string({ unit: 'binary', maxLength: 3_000 }),
})
const conditions = fc.uniqueArray(condition, { selector: ({ type }) => type })

describe('merged conditions', () => {
  it('keep their transition time while only words and generation change', () => {
    const next: NextCondition = { type: 'Ready', status: 'True', reason: 'StillFine', message: 'well' }
    expect(mergeConditions([ready], [next], { generation: 7, now })).toEqual([
      { ...next, observedGeneration: 7, lastTransitionTime: EARLIER },
    ])
  })

  it('move their transition time, in whole seconds, when the status changes', () => {
    const next: NextCondition = { type: 'Ready', status: 'False', reason: 'Broken', message: 'no' }
    expect(mergeConditions([ready], [next], { generation: 1, now })).toMatchObject([
      { status: 'False', lastTransitionTime: '2026-11-23T03:00:00Z' },
    ])
  })

  it('drop what is no longer told, and keep the order of what is', () => {
    const next = ['B', 'A'].map((type): NextCondition => ({ type, status: 'True', reason: 'R', message: '' }))
    expect(mergeConditions([ready], next, { generation: 1, now }).map(({ type }) => type)).toEqual(['B', 'A'])
  })

  it('do not cut a character in half', () => {
    const message = `${'x'.repeat(1_022)}😀${'x'.repeat(100)}`
    const [merged] = mergeConditions([], [{ ...ready, message }], { generation: 1, now })
    expect(merged?.message).toBe(`${'x'.repeat(1_022)}…`)
  })

  it('are the same when merged with themselves, survive the wire and stay within bounds', () => {
    fc.assert(
      fc.property(conditions, fc.nat(), (next, generation) => {
        const once = mergeConditions([], next, { generation, now })
        const later = new Date(now.getTime() + 60_000)
        expect(mergeConditions(once, next, { generation, now: later })).toEqual(once)
        const wire = Buffer.from(JSON.stringify(once)).toString()
        expect(JSON.parse(wire)).toEqual(once)
        for (const { message } of once) {
          expect(message.length).toBeLessThanOrEqual(1_024)
          expect(message.isWellFormed()).toBe(true)
        }
      }),
    )
  })

  it('carry the present generation, and a transition time that moved only with the status', () => {
    fc.assert(
      fc.property(conditions, conditions, fc.nat(), (before, after, generation) => {
        const first = mergeConditions([], before, { generation: 0, now: new Date(EARLIER) })
        for (const merged of mergeConditions(first, after, { generation, now })) {
          const last = first.find(({ type }) => type === merged.type)
          expect(merged.observedGeneration).toBe(generation)
          expect(merged.lastTransitionTime === EARLIER).toBe(last?.status === merged.status)
        }
      }),
    )
  })
})
