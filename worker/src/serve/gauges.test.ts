import { expect, it } from 'vitest'
import type { Provider } from '../sending/ports.ts'
import { openMetrics } from '../metrics.ts'
import { inTurn, observeProvider } from './gauges.ts'

it('a figure that cannot be looked up keeps no later one from being looked up', async () => {
  const seen: string[] = []
  const failed: string[] = []
  const look = (name: string, fails = false) => ({
    [name]: () => {
      seen.push(name)
      return fails ? Promise.reject(new Error('away')) : Promise.resolve()
    },
  })
  await inTurn({ ...look('one'), ...look('two', true), ...look('three') }, (_, name) => failed.push(name))
  expect(seen).toEqual(['one', 'two', 'three'])
  expect(failed).toEqual(['two'])
})

const provider: Pick<Provider, 'name'> = { name: 'smtp' }
const attempts = { attempts: 0, refused: 0 }

it.each([
  { state: 'open', isPaused: false, isClosed: false, closedForMs: undefined },
  { state: 'closed', isPaused: false, isClosed: true, closedForMs: undefined },
  { state: 'closed', isPaused: false, isClosed: false, closedForMs: 5_000 },
  { state: 'paused', isPaused: true, isClosed: true, closedForMs: 5_000 },
])('a provider is $state, and nothing else', async ({ state, isPaused, isClosed, closedForMs }) => {
  const metrics = openMetrics()
  const outage = closedForMs !== undefined && {
    outage: {
      since: new Date(Date.now() - closedForMs),
      lastAt: new Date(),
      retryClass: 'unreachable' as const,
    },
  }
  await observeProvider(metrics, {
    provider,
    sending: { isClosed: () => isClosed, lately: () => ({ attempts, ...(outage || {}) }) },
    features: { isPaused: () => Promise.resolve(isPaused) },
  })
  const { values } = await metrics.providerState.get()
  expect(values.filter(({ value }) => value === 1).map(({ labels }) => labels.state)).toEqual([state])
  expect(values).toHaveLength(3)
  const [closed] = (await metrics.providerClosed.get()).values
  expect(closed?.value ?? 0).toBeGreaterThanOrEqual((closedForMs ?? 0) / 1_000)
  // Of what was refused, not of what was not tried since.
  expect(closed?.value ?? 0).toBeLessThanOrEqual((closedForMs ?? 0) / 1_000 + 1)
  if (closedForMs === undefined) expect(closed?.value).toBe(0)
})
