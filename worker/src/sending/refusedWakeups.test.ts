import { expect, test } from 'vitest'
import type { DueChunk } from './sweep.ts'
import { refusedWakeups } from './refusedWakeups.ts'

const chunk: DueChunk = { batchId: 'b', chunk: 1, generation: 1 }
/** As the client of NATS gives them. */
const full = Object.assign(new Error('maximum messages exceeded'), {
  code: '503',
  api_error: { code: 503, description: 'maximum messages exceeded' },
})
const nobody = Object.assign(new Error('503'), { code: '503' })
const silence = Object.assign(new Error('TIMEOUT'), { code: 'TIMEOUT' })

function world() {
  const seen: string[] = []
  let count = 0
  const told = refusedWakeups({
    onRefused: (refused) => (count += refused),
    onRefusing: (words) => seen.push(words),
    onTaking: () => seen.push('taking'),
  })
  return { told, seen, count: () => count }
}

test('what is refused is counted each time and told once for each reason, and once when it is over', () => {
  const { told, seen, count } = world()
  told({ refused: [] })
  told({ refused: [chunk, chunk], error: full })
  told({ refused: [chunk], error: full })
  told({ refused: [chunk], error: nobody })
  told({ refused: [] })
  told({ refused: [] })
  expect(seen).toEqual([
    'the stream refuses wake-ups: maximum messages exceeded',
    'no stream takes wake-ups',
    'taking',
  ])
  expect(count()).toBe(4)
})

test.each([
  [full, 'the stream refuses wake-ups: maximum messages exceeded'],
  [nobody, 'no stream takes wake-ups'],
  [silence, 'the queue does not answer wake-ups'],
])('%s is told as "%s"', (error, words) => {
  const { told, seen } = world()
  told({ refused: [chunk], error })
  expect(seen).toEqual([words])
})
