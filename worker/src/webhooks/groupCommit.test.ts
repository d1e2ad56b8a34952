import { expect, test } from 'vitest'
import { GroupCommit, Overloaded } from './groupCommit.ts'

function rig(options: { groupSize?: number; maxWaiting?: number; patienceMs?: number } = {}) {
  const groups: (readonly number[])[] = []
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = []
  const commit = new GroupCommit<number>({
    write: (group) =>
      new Promise<void>((resolve, reject) => {
        groups.push(group)
        ends.push({ resolve, reject })
      }),
    groupSize: 100,
    maxWaiting: 1_000,
    patienceMs: 60_000,
    ...options,
  })
  return { commit, groups, ends }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('what comes while a group is written is written next, together', async () => {
  const { commit, groups, ends } = rig({ groupSize: 3 })
  const written = [1, 2, 3, 4, 5].map((item) => commit.write(item))
  expect(groups).toEqual([[1]])
  ends[0]?.resolve()
  await written[0]
  await settled()
  expect(groups).toEqual([[1], [2, 3, 4]])
  ends[1]?.resolve()
  await Promise.all(written.slice(1, 4))
  await settled()
  expect(groups).toEqual([[1], [2, 3, 4], [5]])
  ends[2]?.resolve()
  await written[4]
  expect(commit.held).toBe(0)
})

test('nothing is told as written before it is', async () => {
  const { commit, ends } = rig()
  let isTold = false
  const written = commit.write(1).then(() => {
    isTold = true
  })
  await settled()
  expect(isTold).toBe(false)
  ends[0]?.resolve()
  await written
  expect(isTold).toBe(true)
})

test('a failed group tells all of it, and the next is tried', async () => {
  const { commit, ends } = rig()
  const written = [1, 2, 3].map((item) => commit.write(item))
  ends[0]?.resolve()
  await written[0]
  await settled()
  ends[1]?.reject(new Error('away'))
  await expect(written[1]).rejects.toThrow('away')
  await expect(written[2]).rejects.toThrow('away')
  const next = commit.write(4)
  await settled()
  ends[2]?.resolve()
  await expect(next).resolves.toBeUndefined()
})

test('too many are turned away, and there is room again afterwards', async () => {
  const { commit, ends } = rig({ maxWaiting: 2 })
  const written = [commit.write(1), commit.write(2)]
  await expect(commit.write(3)).rejects.toThrow(Overloaded)
  ends[0]?.resolve()
  await written[0]
  await settled()
  const next = commit.write(4)
  ends[1]?.resolve()
  await written[1]
  await settled()
  ends[2]?.resolve()
  await next
})

test('nobody waits for ever', async () => {
  const { commit } = rig({ patienceMs: 5 })
  await expect(commit.write(1)).rejects.toThrow(Overloaded)
})
