import { expect, test } from 'vitest'
import { unpaused } from './pause.ts'

test('who is told to stop does not wait for the end of the pause', async () => {
  const stopping = new AbortController()
  let looks = 0
  const waited = unpaused(() => {
    looks += 1
    return Promise.resolve(true)
  }, stopping.signal)
  await Promise.resolve()
  stopping.abort()
  await waited
  expect(looks).toBe(1)
})
