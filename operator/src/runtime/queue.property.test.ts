import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Queue } from './queue.ts'
import { ManualClock } from './testing/manualClock.ts'

const idle = () => undefined

type Step =
  | { readonly type: 'add'; readonly key: string; readonly afterMs: number; readonly priority: number }
  | { readonly type: 'take' }
  | { readonly type: 'done'; readonly fails: boolean }
  | { readonly type: 'advance'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('add' as const),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    afterMs: fc.constantFrom(0, 0, 1, 50, 5_000),
    priority: fc.constantFrom(0, -100),
  }),
  fc.record({ type: fc.constant('take' as const) }),
  fc.record({ type: fc.constant('done' as const), fails: fc.boolean() }),
  fc.record({ type: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 6_000 }) }),
)

describe('the queue, whatever is done to it', () => {
  it('never runs a key beside itself, never too early, and loses none', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const clock = new ManualClock()
        const queue = new Queue(idle, { clock, random: () => 1 })
        const working: string[] = []
        /** Key → when it must have become due at the latest. */
        const owed = new Map<string, number>()
        const owe = (key: string, at: number) => owed.set(key, Math.min(owed.get(key) ?? Infinity, at))

        const take = () => {
          const next = queue.take()
          if (!next) {
            const due = [...owed].filter(([key, at]) => at <= clock.time && !working.includes(key))
            expect(due).toEqual([])
            return false
          }
          expect(working).not.toContain(next.key)
          expect(owed.get(next.key)).toBeLessThanOrEqual(clock.time)
          owed.delete(next.key)
          working.push(next.key)
          return true
        }
        const done = (fails: boolean) => {
          const key = working.shift()
          if (key === undefined) return
          if (fails) owe(key, clock.time + queue.retry(key))
          else queue.forget(key)
          queue.done(key)
        }

        for (const each of steps) {
          if (each.type === 'add') {
            queue.add(each.key, each)
            owe(each.key, clock.time + each.afterMs)
          } else if (each.type === 'take') take()
          else if (each.type === 'done') done(each.fails)
          else clock.advance(each.ms)
        }
        while (working.length > 0) done(false)
        clock.advance(400_000)
        while (take()) done(false)
        expect([...owed]).toEqual([])
      }),
    )
  })

  it('never pauses longer than five minutes, nor less than half of the last but one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, chance) => {
          const queue = new Queue(idle, { clock: new ManualClock(), random: () => chance })
          for (let failure = 0; failure < failures; failure += 1) {
            const pauseMs = queue.retry('a')
            expect(pauseMs).toBeLessThanOrEqual(300_000)
            expect(pauseMs).toBeGreaterThanOrEqual(Math.min(5 * 2 ** failure, 300_000) / 2)
          }
        },
      ),
    )
  })
})
