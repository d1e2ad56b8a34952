import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Slots } from './slots.ts'

const never = new AbortController().signal

test('slots are handed out in groups, the rest when enough are free', async () => {
  const slots = new Slots(10, 4)
  expect(await slots.take(100, never)).toBe(4)
  expect(await slots.take(100, never)).toBe(4)
  let third = 0
  const waiting = slots.take(100, never).then((count) => (third = count))
  await Promise.resolve()
  expect(third).toBe(0)
  slots.giveBack(1)
  await Promise.resolve()
  expect(third).toBe(0)
  slots.giveBack(1)
  await waiting
  expect(third).toBe(4)
  expect(slots.taken).toBe(10)
})

test('whoever wants few does not wait for a group', async () => {
  const slots = new Slots(4, 4)
  await slots.take(3, never)
  expect(await slots.take(1, never)).toBe(1)
})

test('who takes larger groups waits for no more than one of them', async () => {
  const slots = new Slots(10, 4)
  expect(await slots.take(100, never, { groups: 2 })).toBe(8)
  const second = slots.take(100, never, { groups: 2 })
  slots.giveBack(2)
  expect(await second).toBe(4)
})

test('who takes several for one gets whole ones, however small the groups are', async () => {
  const slots = new Slots(10, 2)
  expect(slots.largest).toBe(5)
  expect(await slots.take(20, never, { unit: 4 })).toBe(4)
  expect(await slots.take(20, never, { unit: 4 })).toBe(4)
  const third = slots.take(20, never, { unit: 4 })
  slots.giveBack(4)
  expect(await third).toBe(4)
  expect(slots.taken).toBe(8)
})

test('who stops waiting gets nothing and leaves nothing taken', async () => {
  const slots = new Slots(2, 2)
  await slots.take(2, never)
  const stop = new AbortController()
  const waiting = slots.take(2, stop.signal)
  stop.abort()
  expect(await waiting).toBe(0)
  slots.giveBack(2)
  expect(slots.taken).toBe(0)
  expect(await slots.take(2, stop.signal)).toBe(0)
})

test('never more are taken than there are, and all waiters are served', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 1, max: 9 })),
      async (size, batch, wants) => {
        const slots = new Slots(size, batch)
        let served = 0
        await Promise.all(
          wants.map(async (want) => {
            const count = await slots.take(want, never)
            expect(count).toBeGreaterThan(0)
            expect(slots.taken).toBeLessThanOrEqual(size)
            served += 1
            await Promise.resolve()
            slots.giveBack(count)
          }),
        )
        expect(served).toBe(wants.length)
        expect(slots.taken).toBe(0)
      },
    ),
  )
})

test('work is let in where it finds room, and one piece ahead where it does not', async () => {
  const slots = new Slots(4, 2)
  const letIn = async () => {
    let begun: (() => void) | undefined
    void slots.letIn(never).then((call) => (begun = call))
    await Promise.resolve()
    await Promise.resolve()
    return () => begun
  }
  const [first, second, third] = [await letIn(), await letIn(), await letIn()]
  expect([first(), second(), third()].map((begun) => begun !== undefined)).toEqual([true, true, false])

  expect(await slots.take(2, never)).toBe(2)
  first()?.()
  first()?.()
  expect(await slots.take(2, never)).toBe(2)
  second()?.()
  await Promise.resolve()
  await Promise.resolve()
  const fourth = await letIn()
  expect([third(), fourth()].map((begun) => begun !== undefined)).toEqual([true, false])

  slots.giveBack(4)
  await Promise.resolve()
  await Promise.resolve()
  expect(fourth()).toBeDefined()
})

test('whoever is told to stop takes no room, whether he waited or not', async () => {
  const slots = new Slots(1, 1)
  const end = new AbortController()
  const first = await slots.letIn(end.signal)
  const waiting = slots.letIn(end.signal)
  end.abort()
  ;(await waiting)()
  ;(await slots.letIn(end.signal))()
  let isIn = false
  void slots.letIn(never).then(() => (isIn = true))
  await Promise.resolve()
  await Promise.resolve()
  // What `first` was let in for has not begun.
  expect(isIn).toBe(false)
  first()
  await Promise.resolve()
  await Promise.resolve()
  expect(isIn).toBe(true)
})

test('express comes first, has slots that bulk never gets, and leaves a group to bulk', async () => {
  const slots = new Slots(10, 4, 2)
  expect(await slots.take(4, never)).toBe(4)
  expect(await slots.take(4, never)).toBe(4)
  const order: string[] = []
  const bulk = slots.take(2, never).then((count) => order.push(`bulk ${count}`))
  expect(await slots.take(100, never, { lane: 'express' })).toBe(2)
  const express = slots.take(3, never, { lane: 'express' }).then((count) => order.push(`express ${count}`))
  slots.giveBack(4)
  await express
  slots.giveBack(4)
  await bulk
  expect(order).toEqual(['express 3', 'bulk 2'])
  expect(await slots.take(100, never, { lane: 'express' })).toBe(1)
  let more = 0
  void slots.take(1, never, { lane: 'express' }).then((count) => (more = count))
  slots.giveBack(4)
  await Promise.resolve()
  // The last four are for bulk, whether it is there or not.
  expect([more, await slots.take(9, never)]).toEqual([0, 4])
  slots.giveBack(2, 'express')
  await Promise.resolve()
  expect(more).toBe(1)
})

test('of both lanes together there are never more than there are, and everybody is served', async () => {
  const lanes = fc.constantFrom('express' as const, 'bulk' as const)
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 10 }),
      fc.array(fc.record({ want: fc.integer({ min: 1, max: 40 }), lane: lanes, large: fc.boolean() })),
      async (concurrency, wishes) => {
        const slots = new Slots(concurrency * 3, concurrency, Math.floor(concurrency / 5))
        await Promise.all(
          wishes.map(async ({ want, lane, large }) => {
            const unit = large ? slots.largest : 1
            const count = await slots.take(want * unit, never, { lane, unit })
            expect(count).toBeGreaterThan(0)
            expect(slots.taken).toBeLessThanOrEqual(concurrency * 3)
            await Promise.resolve()
            slots.giveBack(count, lane)
          }),
        )
        expect(slots.taken).toBe(0)
      },
    ),
  )
})
