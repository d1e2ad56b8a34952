import { afterEach, expect, it, vi } from 'vitest'
import type { Transport } from './transport.ts'
import { Caches } from './caches.ts'
import { ApiError } from './errors.ts'
import { createMetrics } from './metrics.ts'
import { fakeApi, HANG, listEnd } from './testing/fakeApi.ts'

const kind = (name: string) => ({
  apiVersion: 'v1',
  kind: name,
  plural: `${name.toLowerCase()}s`,
  namespaced: true,
})
const [SLOW, QUICK] = [kind('Slow'), kind('Quick')]
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
const stop = new AbortController()

afterEach(() => {
  stop.abort()
  vi.restoreAllMocks()
})

it('asks for all kinds again when one was answered after an outage, however long their pauses', async () => {
  const slowFailed = Promise.withResolvers<undefined>()
  const failures = new Map([
    ['slows', () => Promise.resolve()],
    ['quicks', () => slowFailed.promise],
  ])
  const server = fakeApi([{ parts: [listEnd(10), HANG] }, { parts: [listEnd(10), HANG] }])
  const transport: Transport = {
    ...server,
    stream: async (path, query, signal) => {
      const plural = path.split('/').at(-1) ?? ''
      const failure = failures.get(plural)
      if (!failure) return server.stream(path, query, signal)
      failures.delete(plural)
      await failure()
      throw new ApiError(503, undefined)
    },
  }
  // In turn: how long both watches may last, then the pause of the one that failed first, a quarter of an hour.
  vi.spyOn(Math, 'random')
    .mockReturnValueOnce(0.5)
    .mockReturnValueOnce(0.5)
    .mockReturnValueOnce(1_000)
    .mockReturnValue(0)
  const log = {
    ...silent,
    warn: ({ kind: failed }: { kind?: string }) => {
      if (failed === SLOW.kind) setImmediate(slowFailed.resolve, undefined)
    },
  }
  const caches = new Caches([{ resource: SLOW }, { resource: QUICK }], {
    transport,
    namespaces: [],
    metrics: createMetrics(),
    log,
    onChange: () => undefined,
  })
  await caches.start(stop.signal)
  expect(caches.isSynced).toBe(true)
})
