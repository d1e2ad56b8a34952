import { expect, it } from 'vitest'
import { extremeOf, leaksOf } from './leaks.ts'
import { randomFrom } from './random.ts'

const warm = { number: 1, resources: { TCPSocketWrap: 6, Timeout: 7 }, heapMiB: 20 }

it('finds none where nothing grew, or a little heap', () => {
  expect(leaksOf(warm, { ...warm, resources: { TCPSocketWrap: 6, Timeout: 6 }, heapMiB: 24 })).toEqual([])
})

it('takes the most or the least of several looks', () => {
  const looks = [
    { number: 1, resources: { TCPSocketWrap: 5, Immediate: 1 }, heapMiB: 21 },
    { number: 2, resources: { TCPSocketWrap: 6 }, heapMiB: 20 },
  ] as const
  expect(extremeOf(looks, Math.max)).toMatchObject({
    resources: { TCPSocketWrap: 6, Immediate: 1 },
    heapMiB: 21,
  })
  expect(extremeOf(looks, Math.min)).toMatchObject({
    resources: { TCPSocketWrap: 5, Immediate: 0 },
    heapMiB: 20,
  })
})

it('names sockets, timers and memory', () => {
  const end = { number: 2, resources: { TCPSocketWrap: 7, Timeout: 7, Immediate: 1 }, heapMiB: 30 }
  expect(leaksOf(warm, end, { TCPSocketWrap: 7, Timeout: 7 })).not.toContainEqual(
    expect.stringMatching(/^TCP/),
  )
  expect(leaksOf(warm, end, { TCPSocketWrap: 6 })).toEqual([
    'TCPSocketWrap: 7 instead of 6',
    'Immediate: 1 instead of 0',
    'heap: 30 MiB instead of 20 MiB',
  ])
})

it('repeats its choices from the same seed', () => {
  const choices = (seed: number) => {
    const random = randomFrom(seed)
    return [random.next(), random.pick(['a', 'b', 'c']), ...random.shuffled([1, 2, 3, 4])]
  }
  expect(choices(7)).toEqual(choices(7))
  expect(choices(7)).not.toEqual(choices(8))
})
