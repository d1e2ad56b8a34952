import { expect, it } from 'vitest'
import type { WorkerState } from '../store/workerStates.ts'
import { attemptsOf, closedOf } from './crew.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')
/** Met again and again since then. */
const none = { attempts: 0, refused: 0 }
const away = (secondsAgo: number, code: string): WorkerState => ({
  attempts: none,
  outage: {
    since: new Date(NOW - secondsAgo * 1_000),
    lastAt: new Date(NOW),
    retryClass: 'unreachable',
    code,
    replyCode: 421,
  },
})

/** And not tried again since. */
const longAgo = new Date(NOW - 90_000)
const once: WorkerState = {
  attempts: none,
  outage: { since: longAgo, lastAt: longAgo, retryClass: 'throttle' },
}

it('tells of the outage that was met for longest, and how many workers have one', () => {
  expect(closedOf([{ attempts: none }, away(10, 'late'), away(60, 'early'), once])).toEqual({
    since: '2026-11-23T11:59:00.000Z',
    seconds: 60,
    class: 'unreachable',
    code: 'early',
    replyCode: 421,
    workers: 3,
    of: 4,
  })
  expect(closedOf([{ attempts: none }, once])?.seconds).toBe(0)
  expect(closedOf([{ attempts: none }])).toBeUndefined()
})

it('adds up attempts, with the class of whoever was refused most', () => {
  const crew: WorkerState[] = [
    { attempts: { attempts: 10, refused: 1, most: 'recipient' } },
    { attempts: { attempts: 20, refused: 9, most: 'account' } },
  ]
  expect(attemptsOf(crew)).toEqual({ made: 30, refused: 10, mostRefused: 'account' })
  expect(attemptsOf([{ attempts: none }])).toEqual({ made: 0, refused: 0 })
})
