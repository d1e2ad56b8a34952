import { expect, test } from 'vitest'
import type { DueChunk, Published, WakeupLedger, WakeupPublisher } from './sweep.ts'
import { publishDue, recoverLost } from './sweep.ts'

const chunk = (number: number): DueChunk => ({ batchId: 'b', chunk: number, generation: 1 })
const NOW = new Date('2026-01-01T00:00:10Z')

function world(given: Partial<WakeupPublisher>, due: DueChunk[] = []) {
  const seen = { returned: [] as number[], dueAgain: undefined as Date | undefined }
  const ledger: WakeupLedger = {
    takeDue: (limit) => Promise.resolve(due.splice(0, limit)),
    returnDue: (chunks) => {
      seen.returned = chunks.map((each) => each.chunk)
      return Promise.resolve()
    },
    now: () => Promise.resolve(NOW),
    dueAgain: (before) => {
      seen.dueAgain = before
      return Promise.resolve(3)
    },
    completeOrphans: () => Promise.resolve(0),
    foldTallies: () => Promise.resolve(0),
  }
  const publisher: WakeupPublisher = {
    isConnected: () => true,
    publish: () => Promise.resolve({ refused: [] }),
    depth: () => Promise.resolve(0),
    ...given,
  }
  return { ledger, publisher, seen }
}

test('everything due is published', async () => {
  const { ledger, publisher } = world({}, [chunk(1), chunk(2)])
  expect(await publishDue(ledger, publisher, () => undefined)).toBe(2)
})

test('what the queue does not take is due again', async () => {
  const error = new Error('full')
  const { ledger, publisher, seen } = world(
    { publish: (chunks) => Promise.resolve({ refused: chunks.slice(1), error }) },
    [chunk(1), chunk(2)],
  )
  const told: Published[] = []
  expect(await publishDue(ledger, publisher, (published) => told.push(published))).toBe(1)
  expect(told).toEqual([{ refused: [chunk(2)], error }])
  expect(seen.returned).toEqual([2])
})

test('without a connection nothing is taken', async () => {
  const due = [chunk(1)]
  const { ledger, publisher } = world({ isConnected: () => false }, due)
  expect(await publishDue(ledger, publisher, () => undefined)).toBe(0)
  expect(due).toHaveLength(1)
})

test.each<[number | undefined, number]>([
  [0, 3],
  [1, 0],
  [undefined, 0],
])('with %s messages in the queue %i published chunks are due again', async (depth, recovered) => {
  const { ledger, publisher, seen } = world({ depth: () => Promise.resolve(depth) })
  expect(await recoverLost(ledger, publisher)).toBe(recovered)
  expect(seen.dueAgain).toEqual(recovered > 0 ? new Date('2026-01-01T00:00:05Z') : undefined)
})
