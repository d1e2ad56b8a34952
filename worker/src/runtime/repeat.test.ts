import { afterEach, expect, test } from 'vitest'
import type { Clock, RepeatOptions } from './repeat.ts'
import { reconnectMs } from '../domain/backoff.ts'
import { repeat } from './repeat.ts'

const HALF = 0.5

/** A clock that moves when told to: `pauses` are those that were begun, in ms, and `pass` ends the last one. */
class FakeClock implements Clock {
  readonly pauses: number[] = []
  readonly refs: boolean[] = []
  #pass: () => void = () => undefined

  sleep(ms: number, signal: AbortSignal, ref: boolean): Promise<void> {
    this.pauses.push(ms)
    this.refs.push(ref)
    return new Promise((resolve) => {
      this.#pass = resolve
      signal.addEventListener('abort', () => {
        resolve()
      })
    })
  }

  random(): number {
    return HALF
  }

  async pass(): Promise<void> {
    this.#pass()
    await settled()
  }
}

/** Lets everything run that waits for nothing. */
const settled = () =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

let stop = new AbortController()
afterEach(() => {
  stop.abort()
  stop = new AbortController()
})

function rig(options: Partial<RepeatOptions> = {}) {
  const clock = new FakeClock()
  const errors: unknown[] = []
  let times = 0
  const loop = repeat({
    everyMs: 1_000,
    work: () => {
      times += 1
      return Promise.resolve()
    },
    onError: (error) => errors.push(error),
    stopping: stop.signal,
    clock,
    ...options,
  })
  return { ...loop, clock, errors, times: () => times }
}

test('works at once, and again after each pause', async () => {
  const { clock, times } = rig()
  await settled()
  expect([times(), clock.pauses, clock.refs]).toEqual([1, [1_000], [true]])
  await clock.pass()
  expect([times(), clock.pauses]).toEqual([2, [1_000, 1_000]])
})

test('or after a pause first, which need not keep the process alive', async () => {
  const { clock, times } = rig({ pausesFirst: true, ref: false, jitter: [0.5, 1.5] })
  await settled()
  expect([times(), clock.pauses, clock.refs]).toEqual([0, [1_000], [false]])
  await clock.pass()
  expect([times(), clock.pauses]).toEqual([1, [1_000, 1_000]])
})

test('a pause is drawn from its range, around what holds when it begins', async () => {
  let everyMs = 1_000
  const { clock } = rig({ everyMs: () => everyMs, jitter: [0.75, 1] })
  await settled()
  everyMs = 2_000
  await clock.pass()
  expect(clock.pauses).toEqual([875, 1_750])
})

test('what fails is told and tried again, more and more slowly until it goes well', async () => {
  let isBroken = true
  const { clock, errors } = rig({
    work: () => (isBroken ? Promise.reject(new Error('no')) : Promise.resolve()),
    retryMs: reconnectMs,
  })
  await settled()
  await clock.pass()
  await clock.pass()
  isBroken = false
  await clock.pass()
  isBroken = true
  await clock.pass()
  expect(clock.pauses).toEqual([
    reconnectMs(1, HALF),
    reconnectMs(2, HALF),
    reconnectMs(3, HALF),
    1_000,
    reconnectMs(1, HALF),
  ])
  expect(errors).toEqual(Array(4).fill(new Error('no')))
})

test('without a pause for failures it is the usual one; an error that is thrown at once is one too', async () => {
  const { clock, errors } = rig({
    work: () => {
      throw new Error('no')
    },
  })
  await settled()
  await clock.pass()
  expect([clock.pauses, errors.length]).toEqual([[1_000, 1_000], 2])
})

test('who is not the one does not work, and asks again; not to know is a failure', async () => {
  let answer: boolean | undefined = false
  const { clock, times, errors } = rig({
    isMine: () => (answer === undefined ? Promise.reject(new Error('unknown')) : Promise.resolve(answer)),
    retryMs: reconnectMs,
  })
  await settled()
  expect([times(), clock.pauses]).toEqual([0, [1_000]])
  answer = undefined
  await clock.pass()
  expect([times(), errors.length, clock.pauses.at(-1)]).toEqual([0, 1, 250])
  answer = true
  await clock.pass()
  expect([times(), clock.pauses.at(-1)]).toEqual([1, 1_000])
})

test('nothing is done before it is ready', async () => {
  const ready = Promise.withResolvers<undefined>()
  const { times } = rig({ ready: ready.promise })
  await settled()
  expect(times()).toBe(0)
  ready.resolve(undefined)
  await settled()
  expect(times()).toBe(1)
})

test('a nudge ends the pause; during the work it leaves the next one out, once', async () => {
  let end: () => void = () => undefined
  let times = 0
  const { nudge, clock } = rig({
    work: () => {
      times += 1
      return new Promise<void>((resolve) => {
        end = resolve
      })
    },
  })
  await settled()
  nudge()
  nudge()
  await settled()
  expect([times, clock.pauses]).toEqual([1, []])
  end()
  await settled()
  expect([times, clock.pauses]).toEqual([2, []])
  end()
  await settled()
  expect([times, clock.pauses]).toEqual([2, [1_000]])
  nudge()
  await settled()
  expect(times).toBe(3)
})

test('told to stop it ends its pause, but finishes its work, and does no more', async () => {
  const pausing = rig()
  let end: () => void = () => undefined
  const working = rig({
    work: () =>
      new Promise<void>((resolve) => {
        end = resolve
      }),
  })
  let hasFinished = false
  void working.finished.then(() => {
    hasFinished = true
  })
  await settled()
  stop.abort()
  await pausing.finished
  expect(pausing.times()).toBe(1)
  await settled()
  expect(hasFinished).toBe(false)
  end()
  await working.finished
  expect(working.clock.pauses).toEqual([])
})

test('who is told to stop before the first time does nothing, and nobody waits for it', async () => {
  const pausing = rig({ pausesFirst: true })
  await settled()
  stop.abort()
  await pausing.looked
  await pausing.finished
  expect(pausing.times()).toBe(0)
  const late = rig()
  await late.finished
  expect(late.times()).toBe(0)
})

test('it has looked once the first time is over, even if that failed', async () => {
  let end: (error: Error) => void = () => undefined
  const { looked } = rig({
    work: () =>
      new Promise((_resolve, reject) => {
        end = reject
      }),
  })
  let hasLooked = false
  void looked.then(() => {
    hasLooked = true
  })
  await settled()
  expect(hasLooked).toBe(false)
  end(new Error('no'))
  await looked
})

test('the clock is the real one when none is given', async () => {
  const times: number[] = []
  const loop = repeat({
    everyMs: 5,
    work: () => Promise.resolve(times.push(performance.now())),
    onError: () => undefined,
    stopping: stop.signal,
  })
  await expect.poll(() => times.length).toBeGreaterThan(2)
  expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(8)
  stop.abort()
  await loop.finished
})
