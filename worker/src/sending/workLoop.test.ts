import { expect, test } from 'vitest'
import type { Settled } from './ports.ts'
import type { Wakeup } from './workLoop.ts'
import { workLoop } from './workLoop.ts'

/** Hands out the given wake-ups, then stops the loop. */
async function run(chunks: readonly number[], handle: (chunk: number) => Promise<Settled>, isDead = false) {
  const journal: string[] = []
  const stopping = new AbortController()
  const waiting = [...chunks]
  const wakeup = (chunk: number): Wakeup => ({
    ref: { batchId: 'b', chunk },
    acknowledge: () => {
      journal.push(`ack ${chunk}`)
      return Promise.resolve()
    },
    later: (delayMs) => journal.push(`later ${chunk} ${delayMs}`),
    working: () => undefined,
  })
  await workLoop({
    queue: {
      next: () => {
        const chunk = waiting.shift()
        if (chunk === undefined) {
          setTimeout(() => {
            stopping.abort()
          }, 5)
          return new Promise((resolve) => setTimeout(resolve, 1, undefined))
        }
        return Promise.resolve(wakeup(chunk))
      },
    },
    handle: ({ chunk }) => handle(chunk),
    renew: () => Promise.resolve(),
    failed: () => Promise.resolve(isDead),
    renewEveryMs: 1_000,
    handlers: 2,
    active: new Set(),
    letIn: () => Promise.resolve(() => undefined),
    stopping: stopping.signal,
    onError: (error, during) =>
      journal.push(`${during}: ${error instanceof Error ? error.message : 'unknown'}`),
  })
  return journal
}

const pause = (settled: Settled) => new Promise<Settled>((resolve) => setTimeout(resolve, 2, settled))

test('what is done is acknowledged, what is due soon comes again, what is due late is left to the sweeper', async () => {
  const journal = await run([1, 2, 3], (chunk) =>
    Promise.resolve(chunk === 1 ? { done: true } : { done: false, againMs: chunk === 2 ? 1_500 : 60_000 }),
  )
  expect(journal.sort()).toEqual(['ack 1', 'ack 3', 'later 2 1500'])
})

test('a chunk that could not be handled comes again', async () => {
  expect(await run([1], () => Promise.reject(new Error('away')))).toEqual(['sending: away', 'later 1 5000'])
})

test('a chunk that was put aside does not', async () => {
  const journal = await run([1], () => Promise.reject(new Error('poison')), true)
  expect(journal).toEqual(['sending: poison', 'ack 1'])
})

test('the same chunk is not handled twice at once', async () => {
  let atOnce = 0
  let most = 0
  const journal = await run([7, 7], async () => {
    atOnce += 1
    most = Math.max(most, atOnce)
    const settled = await pause({ done: true })
    atOnce -= 1
    return settled
  })
  expect(most).toBe(1)
  expect(journal.sort()).toEqual(['ack 7', 'later 7 5000'])
})

test('of the renewals of a chunk one is under way at a time', async () => {
  const stopping = new AbortController()
  let atOnce = 0
  let most = 0
  let renewals = 0
  let beats = 0
  let release: () => void = () => undefined
  const wakeup: Wakeup = {
    ref: { batchId: 'b', chunk: 1 },
    acknowledge: () => Promise.resolve(),
    later: () => undefined,
    working: () => {
      beats += 1
      if (beats === 5) release()
      if (renewals > 1) stopping.abort()
    },
  }
  await workLoop({
    queue: { next: () => Promise.resolve(wakeup) },
    handle: () =>
      new Promise((resolve) => {
        stopping.signal.addEventListener('abort', () => {
          resolve({ done: true })
        })
      }),
    renew: async () => {
      renewals += 1
      atOnce += 1
      most = Math.max(most, atOnce)
      // The first waits, as behind a lock.
      if (renewals === 1) await new Promise<void>((resolve) => (release = resolve))
      atOnce -= 1
    },
    failed: () => Promise.resolve(false),
    renewEveryMs: 2,
    handlers: 1,
    active: new Set(),
    letIn: () => Promise.resolve(() => undefined),
    stopping: stopping.signal,
    onError: () => undefined,
  })
  expect(most).toBe(1)
  expect(renewals).toBeGreaterThan(1)
})
