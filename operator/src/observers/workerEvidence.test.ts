import { expect, it, vi } from 'vitest'
import type { WorkerSeen } from '../components/worker/seen.ts'
import { sender } from '../testing/snapshots.ts'
import { workerEvidence } from './workerEvidence.ts'

const signal = new AbortController().signal
const looking = (seen: WorkerSeen) => workerEvidence(() => Promise.resolve(seen))

it.each<{ seen: WorkerSeen; good: boolean }>([
  { seen: { reached: true, fsync: 'on' }, good: true },
  { seen: { reached: true, providerRefuses: true }, good: false },
  { seen: { reached: true, featuresRefuse: true }, good: false },
  { seen: { reached: false }, good: false },
])('$seen is good: $good', async ({ seen, good }) => {
  expect(await looking(seen).look(sender(), signal)).toEqual({ good, seen, underWay: false })
})

const mail = {
  paused: false,
  deadLetters: false,
  inDoubt: false,
  refused: 'little',
  backlog: 'little',
} as const
const closed = { since: '2026-11-23T12:00:00Z', retryClass: 'throttle', ofAll: true, lasting: true }

it.each<{ seen: WorkerSeen; underWay: boolean }>([
  { seen: { reached: true, mail }, underWay: false },
  { seen: { reached: true, mail: { ...mail, deadLetters: true } }, underWay: false },
  { seen: { reached: true, mail: { ...mail, refused: 'much' } }, underWay: true },
  { seen: { reached: true, mail: { ...mail, closed } }, underWay: true },
  { seen: { reached: true, mail: { ...mail, closed: { ...closed, lasting: false } } }, underWay: true },
])('$seen is believed at once, and looked at again soon: $underWay', async ({ seen, underWay }) => {
  expect(await looking(seen).look(sender(), signal)).toEqual({ good: true, seen, underWay })
})

it('looks out for workers that start with other secrets, for a minute', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const observer = looking({ reached: true })
  const isUnderWay = async (of: string, uid = 'a') =>
    (await observer.look(sender({ uid, status: { environment: { of } } }), signal))?.underWay
  expect([await isUnderWay('one'), await isUnderWay('one', 'b')]).toEqual([false, false])
  expect([await isUnderWay('two'), await isUnderWay('two'), await isUnderWay('one', 'b')]).toEqual([
    true,
    true,
    false,
  ])
  vi.advanceTimersByTime(61_000)
  expect(await isUnderWay('two')).toBe(false)
  vi.useRealTimers()
})
