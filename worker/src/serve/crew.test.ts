import { expect, it } from 'vitest'
import type { WorkerState } from '../store/workerStates.ts'
import { answersOf, attemptsOf, closedOf } from './crew.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')
/** Met again and again since then. */
const none = { attempts: 0, refused: 0 }
const answers = { answers: 0, slow: 0, failed: 0 }
const away = (secondsAgo: number, code: string): WorkerState => ({
  attempts: none,
  answers,
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
  answers,
  outage: { since: longAgo, lastAt: longAgo, retryClass: 'throttle' },
}

it('tells of the outage that was met for longest, and how many workers have one', () => {
  expect(closedOf([{ attempts: none, answers }, away(10, 'late'), away(60, 'early'), once])).toEqual({
    since: '2026-11-23T11:59:00.000Z',
    seconds: 60,
    class: 'unreachable',
    code: 'early',
    replyCode: 421,
    workers: 3,
    of: 4,
  })
  expect(closedOf([{ attempts: none, answers }, once])?.seconds).toBe(0)
  expect(closedOf([{ attempts: none, answers }])).toBeUndefined()
})

it('adds up attempts, with the class of whoever was refused most', () => {
  const crew: WorkerState[] = [
    { attempts: { attempts: 10, refused: 1, most: 'recipient' }, answers },
    { attempts: { attempts: 20, refused: 9, most: 'account' }, answers },
  ]
  expect(attemptsOf(crew)).toEqual({ made: 30, refused: 10, mostRefused: 'account' })
  expect(attemptsOf([{ attempts: none, answers }])).toEqual({ made: 0, refused: 0 })
})

it('sums up what was answered late or not as it should have been', () => {
  const busy: WorkerState = { attempts: none, answers: { answers: 40, slow: 3, failed: 1 } }
  expect(answersOf([busy, { attempts: none, answers }, busy])).toEqual({ answered: 80, slow: 6, failed: 2 })
})
