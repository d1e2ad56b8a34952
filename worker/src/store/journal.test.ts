import { expect, test } from 'vitest'
import type { Claimed } from '../sending/ports.ts'
import { Journal } from './journal.ts'

const claim = (holder: string, ...seqs: readonly number[]): readonly Claimed[] =>
  seqs.map((seq) => ({
    batchId: 'b',
    seq,
    address: '',
    variables: {},
    attempt: 1,
    tries: 0,
    ageMs: 0,
    holder,
  }))

const seqsOf = (journal: Journal) => [...journal.known()].map(({ seq }) => seq)

test('what was claimed is known until it is known that no mail went', () => {
  const journal = new Journal()
  const [one, two] = claim('w#1', 1, 2)
  journal.note(claim('w#1', 1, 2), 0)
  journal.note(claim('w#2', 3), 1)
  if (one) journal.forget(one)
  expect([...journal.known()]).toEqual([
    { batchId: 'b', seq: 2, attempt: 1, holder: 'w#1' },
    { batchId: 'b', seq: 3, attempt: 1, holder: 'w#2' },
  ])
  if (two) journal.forget({ ...two, holder: 'somebody else' })
  expect(seqsOf(journal)).toEqual([2, 3])
})

test('the oldest claims go when they are too old, or too many', () => {
  const journal = new Journal({ keptMs: 100, mostMails: 3 })
  journal.note(claim('w#1', 1, 2), 0)
  journal.note(claim('w#2', 3), 50)
  expect(seqsOf(journal)).toEqual([1, 2, 3])
  journal.note(claim('w#3', 4), 60)
  expect(seqsOf(journal)).toEqual([3, 4])
  journal.note(claim('w#4', 5), 155)
  expect(seqsOf(journal)).toEqual([4, 5])
})

test('the attempt that was made is known, not that there was one', () => {
  const journal = new Journal()
  const [one] = claim('w#1', 1)
  if (one) journal.note([one, { ...one, seq: 2, attempt: 7 }], 0)
  expect([...journal.known()].map(({ seq, attempt }) => [seq, attempt])).toEqual([
    [1, 1],
    [2, 7],
  ])
})

test('a worker knows of the last hour, and of half a million mails', () => {
  const journal = new Journal()
  journal.note(claim('w#1', 1), 0)
  journal.note(claim('w#2', 2), 3_599_000)
  expect(seqsOf(journal)).toEqual([1, 2])
  journal.note(claim('w#3', 3), 3_601_000)
  expect(seqsOf(journal)).toEqual([2, 3])
  const [one] = claim('w#4', 4)
  if (one) journal.note(Array<Claimed>(499_998).fill(one), 3_601_000)
  expect(seqsOf(journal).slice(0, 3)).toEqual([2, 3, 4])
  journal.note(claim('w#5', 5), 3_601_000)
  expect(seqsOf(journal).slice(0, 2)).toEqual([3, 4])
})
