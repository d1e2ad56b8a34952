/** What is decided between a worker's memory and a server; what the statements do is shown in worker/test. */
import { afterEach, expect, test } from 'vitest'
import type { Claimed, Result } from '../sending/ports.ts'
import type { RetryClass } from '../domain/retryClasses.ts'
import type { ContinuityOptions } from './continuity.ts'
import type { LostCommits } from './lostCommits.ts'
import { RETRY_CLASSES } from '../domain/retryClasses.ts'
import { openContinuity } from './continuity.ts'
import { ScriptedWitnesses } from './testing/scriptedWitnesses.ts'

const stops: (() => Promise<void>)[] = []
afterEach(() => Promise.all(stops.splice(0).map((stop) => stop())))

function remembering(script: Partial<ScriptedWitnesses> = {}, witnessMs = 60_000) {
  const server = Object.assign(new ScriptedWitnesses(), script)
  const stopping = new AbortController()
  const [told, missing, errors] = [[] as LostCommits[], [] as (readonly string[])[], [] as unknown[]]
  const options: ContinuityOptions = {
    worker: 'a',
    provider: 'smtp',
    events: false,
    witnessMs,
    ready: Promise.resolve(),
    stopping: stopping.signal,
    onCompared: (lost) => told.push(lost),
    onMissing: (workers) => missing.push(workers),
    onError: (error) => errors.push(error),
  }
  const continuity = openContinuity(server.database, options)
  const stop = () => {
    stopping.abort()
    return continuity.finished
  }
  stops.push(stop)
  return { continuity, server, told, missing, errors, stop }
}

const claimed = (seq: number): Claimed => {
  return { batchId: 'b', seq, address: '', variables: {}, attempt: 1, tries: 0, ageMs: 0, holder: `a#${seq}` }
}

const result = (of: Claimed, retryClass: RetryClass): Result => ({
  claimed: of,
  state: 'deferred',
  retryClass,
  tries: 0,
  dueMs: 0,
  startedAt: new Date(0),
  code: undefined,
  providerMessageId: undefined,
  reply: {},
})

const isPending = async (promise: Promise<unknown>) =>
  (await Promise.race([promise, Promise.resolve('pending')])) === 'pending'

const BEHIND = [{ worker: 'b', hasLooked: false, isThere: true }]

test('a server that was started anew is asked of whom a mail may have gone, and of nobody else', async () => {
  const { continuity, server, told } = remembering()
  expect(await continuity.settled()).toBe('first')
  const classes = [undefined, ...(Object.keys(RETRY_CLASSES) as RetryClass[])]
  for (const [seq, retryClass] of classes.entries()) {
    continuity.claimed([claimed(seq)])
    if (retryClass !== undefined) continuity.recorded([result(claimed(seq), retryClass)])
  }
  server.name = 'second'
  continuity.changed('first')
  expect(await continuity.settled()).toBe('second')
  const asked = server.compared.flatMap(({ seqs }) => seqs.map((seq) => classes[seq] ?? 'not known'))
  expect(asked.sort()).toEqual(['accepted', 'ambiguous', 'mismatch', 'not known'])
  expect(told.map(({ remembered }) => remembered)).toEqual([0, 4])
})

test('a server that was started anew is noticed without a claim that fails', async () => {
  const { continuity, server, told } = remembering()
  await continuity.settled()
  server.name = 'second'
  continuity.changed('another')
  await expect.poll(() => told.length).toBe(2)
  expect(await continuity.settled()).toBe('second')
})

test('nobody claims before all others have looked', async () => {
  const { continuity, server, missing } = remembering({ others: BEHIND })
  const settled = continuity.settled()
  await expect.poll(() => server.looks).toBeGreaterThan(1)
  expect(await isPending(settled)).toBe(true)
  server.others = [{ worker: 'b', hasLooked: true, isThere: true }]
  expect(await settled).toBe('first')
  expect(missing).toEqual([])
})

test.each([
  { why: 'nobody else has', gaveUp: ['b'], told: [['b']] },
  { why: 'another worker has done so', gaveUp: [], told: [] },
])('who does not look in time is given up; where $why, $told are told of', async ({ gaveUp, told }) => {
  const { continuity, missing } = remembering({ others: BEHIND, gaveUp }, 0)
  expect(await continuity.settled()).toBe('first')
  expect(missing).toEqual(told)
})

test('a server that may have forgotten the others is told of those who were there', async () => {
  const gone = { worker: 'c', hasLooked: true, isThere: false }
  const { continuity, server } = remembering({
    others: [{ worker: 'b', hasLooked: true, isThere: true }, gone],
  })
  await continuity.settled()
  server.name = 'second'
  continuity.changed('first')
  await continuity.settled()
  expect(server.testified).toEqual([[], ['b']])
})

test('a server whose place was taken during the comparison is not settled on', async () => {
  const { continuity, server, told } = remembering()
  server.onName = () => {
    if (server.names !== 2) return
    server.name = 'second'
    continuity.changed('first')
  }
  expect(await continuity.settled()).toBe('second')
  expect(told).toHaveLength(2)
})

test.each([
  { witnessMs: 0, heard: 2 },
  { witnessMs: 60_000, heard: 1 },
])('others that wait for $witnessMs ms hear of a worker $heard times in two looks', async (given) => {
  const { continuity, server, stop } = remembering({}, given.witnessMs)
  await continuity.settled()
  continuity.changed('another')
  await expect.poll(() => server.names).toBe(3)
  await stop()
  expect(server.testified).toHaveLength(given.heard)
})

test('a look that fails is told, and done again', async () => {
  const { continuity, server, errors } = remembering({ isAway: true })
  const settled = continuity.settled()
  await expect.poll(() => errors.length).toBe(1)
  server.isAway = false
  continuity.changed('another')
  expect(await settled).toBe('first')
})

test('who waits when the worker is told to stop gets no server, and nobody waits for the worker', async () => {
  const { continuity, server, stop } = remembering({ others: BEHIND })
  const settled = continuity.settled()
  await stop()
  expect(await settled).toBeUndefined()
  expect(await continuity.settled()).toBeUndefined()
  expect(server.isRetired).toBe(true)
})

test('nothing is claimed from a known server either when the worker is told to stop', async () => {
  const { continuity, stop } = remembering()
  expect(await continuity.settled()).toBe('first')
  await stop()
  expect(await continuity.settled()).toBeUndefined()
})
