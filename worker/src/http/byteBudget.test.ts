import { expect, test } from 'vitest'
import { ByteBudget } from './byteBudget.ts'

test('no more is taken than there is, and what is given back can be taken again', () => {
  const budget = new ByteBudget(100)
  const [one, other] = [budget.reserve('a'), budget.reserve('b')]
  expect(one.grow(60)).toBe(true)
  expect(other.grow(41)).toBe(false)
  expect(other.grow(40)).toBe(true)
  expect(budget.takenBytes).toBe(100)
  one.release()
  one.release()
  expect(budget.takenBytes).toBe(40)
  expect(other.grow(60)).toBe(true)
})

test('one client has its share only, over all its reservations', () => {
  const budget = new ByteBudget(100, 30)
  const [first, second, stranger] = [budget.reserve('a'), budget.reserve('a'), budget.reserve('b')]
  expect(first.grow(20)).toBe(true)
  expect(second.grow(11)).toBe(false)
  expect(stranger.grow(30)).toBe(true)
  first.release()
  expect(second.grow(30)).toBe(true)
})
