import { expect, it } from 'vitest'
import { AnswerWindow } from './answerWindow.ts'

it('tells what was late and what failed in the last two minutes, and leaves uploads out', () => {
  const window = new AnswerWindow()
  expect(window.sum(0)).toEqual({ answers: 0, slow: 0, failed: 0 })
  window.note('/v1/batches', 202, 0.5, 5_000)
  window.note('/v1/batches', 202, 0.51, 5_000)
  window.note('/v1/batches', 503, 0.01, 5_000)
  window.note('/v1/batches', 500, 30, 5_000)
  window.note('/v1/batches/:id/recipients', 202, 600, 5_000)
  expect(window.sum(119_000)).toEqual({ answers: 4, slow: 1, failed: 2 })
  expect(window.sum(121_000)).toEqual({ answers: 0, slow: 0, failed: 0 })
})
