import { describe, expect, it } from 'vitest'
import { Queue, type QueueClock } from './queue.ts'
import { ManualClock } from './testing/manualClock.ts'

const idle = () => undefined
const queueAt = (clock: ManualClock, onReady: () => void = idle) =>
  new Queue(onReady, { clock, random: () => 1 })
const drain = (queue: Queue) => {
  const keys: string[] = []
  for (let next = queue.take(); next; next = queue.take()) {
    keys.push(next.key)
    queue.done(next.key)
  }
  return keys
}

describe('the queue', () => {
  it('holds a key once, however often it is added', () => {
    const queue = queueAt(new ManualClock())
    for (let time = 0; time < 5; time += 1) queue.add('a')
    expect(drain(queue)).toEqual(['a'])
  })

  it('runs a key once more when it was added while being worked on', () => {
    const queue = queueAt(new ManualClock())
    queue.add('a')
    queue.take()
    queue.add('a')
    queue.add('a')
    expect(queue.take()).toBeUndefined()
    queue.done('a')
    expect(drain(queue)).toEqual(['a'])
  })

  it('serves what users did before resyncs, and equals in order', () => {
    const queue = queueAt(new ManualClock())
    queue.add('resync-1', { priority: -100 })
    queue.add('resync-2', { priority: -100 })
    queue.add('user-1')
    queue.add('user-2')
    queue.add('resync-2')
    // Raised to a user's priority, it keeps its place in line: it was there first.
    expect(drain(queue)).toEqual(['resync-2', 'user-1', 'user-2', 'resync-1'])
  })

  it('keeps the earliest of several times', () => {
    const clock = new ManualClock()
    const queue = queueAt(clock)
    queue.add('a', { afterMs: 1_000 })
    queue.add('a', { afterMs: 100 })
    queue.add('a', { afterMs: 5_000 })
    clock.advance(99)
    expect(queue.take()).toBeUndefined()
    clock.advance(1)
    expect(drain(queue)).toEqual(['a'])
    clock.advance(10_000)
    expect(queue.take()).toBeUndefined()
  })

  it('counts a time from when it was asked for, not from the end of the pass', () => {
    const clock = new ManualClock()
    const queue = queueAt(clock)
    queue.add('a')
    queue.take()
    queue.add('a', { afterMs: 100 })
    clock.advance(90)
    queue.done('a')
    clock.advance(10)
    expect(drain(queue)).toEqual(['a'])
  })

  it('calls back when the earliest key is due', () => {
    const clock = new ManualClock()
    const calledAt: number[] = []
    const queue: Queue = queueAt(clock, () => {
      calledAt.push(clock.time)
      drain(queue)
    })
    queue.add('late', { afterMs: 300 })
    queue.add('soon', { afterMs: 50 })
    clock.advance(1_000)
    expect(calledAt).toEqual([50, 300])
  })

  it('does not fire at once for a time that no timer can wait for', () => {
    const clock = new ManualClock()
    const waits: number[] = []
    const recording: QueueClock = {
      now: () => clock.now(),
      setTimer: (callback, ms) => {
        waits.push(ms)
        return clock.setTimer(callback, ms)
      },
    }
    const queue = new Queue(idle, { clock: recording })
    queue.add('a', { afterMs: 60 * 86_400_000 })
    expect(Math.max(...waits)).toBeLessThan(2 ** 31)
    expect(queue.take()).toBeUndefined()
  })

  it.each([Number.NaN, Infinity])('neither loses nor spins a key that is due in %s ms', (afterMs) => {
    const clock = new ManualClock()
    const queue = queueAt(clock)
    queue.add('a', { afterMs })
    expect(queue.take()).toBeUndefined()
    clock.advance(300_000)
    expect(drain(queue)).toEqual(['a'])
  })

  it('backs off from 5 ms, doubling, up to five minutes, and starts again after a success', () => {
    const queue = queueAt(new ManualClock())
    const pauses = Array.from({ length: 30 }, () => queue.retry('a'))
    expect(pauses.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(Math.max(...pauses)).toBe(300_000)
    queue.forget('a')
    expect(queue.retry('a')).toBe(5)
  })

  it('lets a retry overtake nobody: it keeps the priority with which it was taken', () => {
    const clock = new ManualClock()
    const queue = queueAt(clock)
    queue.add('resync', { priority: -100 })
    queue.take()
    queue.retry('resync')
    queue.done('resync')
    clock.advance(1_000)
    queue.add('user')
    expect(drain(queue)).toEqual(['user', 'resync'])
  })

  it('tries a key again soon after a conflict, which is no failure', () => {
    const queue = queueAt(new ManualClock())
    const pauses = Array.from({ length: 20 }, () => queue.reconsider('a'))
    expect(pauses.slice(0, 3)).toEqual([5, 10, 20])
    expect(Math.max(...pauses)).toBe(1_000)
    expect(queue.retry('a')).toBe(5)
    queue.forget('a')
    expect(queue.reconsider('a')).toBe(5)
  })

  it('calls back within the same turn for a key that is due', async () => {
    let called = 0
    const queue = new Queue(() => {
      called += 1
    })
    queue.add('a')
    await new Promise((resolve) => setImmediate(resolve))
    expect(called).toBe(1)
    queue.stop()
  })

  it('waits at least as long as the server asked', () => {
    expect(queueAt(new ManualClock()).retry('a', 2_000)).toBe(2_000)
  })

  it('tells how many keys are due, not how many wait for their time', () => {
    const queue = queueAt(new ManualClock())
    queue.add('now')
    queue.add('later', { afterMs: 1_000 })
    expect([queue.depth, queue.size]).toEqual([1, 2])
  })

  it('tells how long a key waited, without the time that it was told to', () => {
    const clock = new ManualClock()
    const queue = queueAt(clock)
    queue.add('a', { afterMs: 100 })
    clock.advance(130)
    expect(queue.take()).toEqual({ key: 'a', waitedMs: 30 })
  })

  it('gives nothing and sets no timer after a stop', () => {
    const clock = new ManualClock()
    const queue = queueAt(clock)
    queue.add('a')
    queue.take()
    queue.add('a', { afterMs: 1_000 })
    queue.stop()
    queue.done('a')
    queue.add('b', { afterMs: 1_000 })
    clock.advance(5_000)
    expect([queue.take(), queue.size, clock.pending]).toEqual([undefined, 0, 0])
  })

  it('does not grow with keys that are put off again and again', () => {
    const clock = new ManualClock()
    const queue = queueAt(clock)
    for (let round = 0; round < 10_000; round += 1) {
      queue.add('a', { afterMs: 36_000_000 })
      queue.add('a')
      drain(queue)
    }
    queue.add('a', { afterMs: 36_000_000 })
    clock.advance(36_000_000)
    expect(drain(queue)).toEqual(['a'])
  })
})
