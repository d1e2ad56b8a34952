import { expect, it } from 'vitest'
import { AttemptWindow } from './attemptWindow.ts'

it('counts two minutes, and names what most were refused with', () => {
  const window = new AttemptWindow()
  expect(window.sum(0)).toEqual({ attempts: 0, refused: 0 })
  for (const retryClass of ['accepted', 'recipient', 'account', 'account', 'throttle'] as const)
    window.note(retryClass, 5_000)
  expect(window.sum(60_000)).toEqual({ attempts: 5, refused: 3, most: 'account' })
  window.note('accepted', 100_000)
  expect(window.sum(119_000)).toMatchObject({ attempts: 6, refused: 3 })
  expect(window.sum(121_000)).toEqual({ attempts: 1, refused: 0 })
})

it('forgets what nobody asked for', () => {
  const window = new AttemptWindow()
  for (let at = 0; at < 10_000_000; at += 10_000) window.note('recipient', at)
  expect(window.sum(9_999_999)).toEqual({ attempts: 12, refused: 12, most: 'recipient' })
})
