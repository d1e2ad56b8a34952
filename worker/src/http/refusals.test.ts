import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuditEntry } from '../domain/audit.ts'
import { openRefusals } from './refusals.ts'

const from = (ip: string, userId = ''): AuditEntry => ({
  action: 'access.refused',
  userId,
  resource: '/v1/batches',
  metadata: {},
  ip,
  userAgent: '',
})

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function open() {
  const written: AuditEntry[] = []
  const errors: unknown[] = []
  const server: { fault: Error | undefined } = { fault: undefined }
  let dropped = 0
  const refusals = openRefusals({
    write: (entries) => {
      if (server.fault) return Promise.reject(server.fault)
      written.push(...entries)
      return Promise.resolve()
    },
    onError: (error) => errors.push(error),
    onDropped: (rows) => {
      dropped += rows
    },
    perMinute: 3,
  })
  return { written, errors, refusals, server, dropped: () => dropped }
}

const never = (seen: unknown) => {
  throw new Error(`nobody should be told of ${String(seen)}`)
}
const AWAY = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
const omittedIn = (entries: readonly AuditEntry[]) =>
  entries.reduce((sum, { metadata }) => sum + Number(metadata['omitted'] ?? 0), 0)

describe('refusals', () => {
  it('are written a few of each address, with the number of the rest', async () => {
    const { written, refusals } = open()
    for (let count = 0; count < 100; count += 1) refusals.note(from('192.0.2.1'))
    refusals.note(from('192.0.2.2'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(written.map(({ ip }) => ip)).toEqual(['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2'])
    expect(written.at(-1)?.metadata).toEqual({ omitted: 97 })
  })

  it('are told again after a minute', async () => {
    const { written, refusals } = open()
    for (let count = 0; count < 5; count += 1) refusals.note(from('192.0.2.1', 'alice'))
    await vi.advanceTimersByTimeAsync(61_000)
    refusals.note(from('192.0.2.9', 'alice'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(written).toHaveLength(4)
  })

  it('are told with the number of all the rest, also of those that came after the last row', async () => {
    const { written, refusals } = open()
    for (let second = 0; second < 10; second += 1) {
      for (let count = 0; count < 5; count += 1) refusals.note(from('192.0.2.1'))
      await vi.advanceTimersByTimeAsync(1_000)
    }
    await vi.advanceTimersByTimeAsync(60_000)
    refusals.note(from('192.0.2.2'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(written).toHaveLength(4)
    expect(omittedIn(written)).toBe(47)
  })

  it('of one IPv6 network are those of one client', async () => {
    const { written, refusals } = open()
    for (let count = 0; count < 990; count += 1) refusals.note(from(`2001:db8::${count.toString(16)}`))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(written).toHaveLength(3)
    expect(omittedIn(written)).toBe(987)
  })

  it('of countless networks are bounded, and hide nothing of a user', async () => {
    const { written, refusals } = open()
    for (let count = 0; count < 5_000; count += 1) refusals.note(from(`2001:db8:${count.toString(16)}:1::1`))
    for (let count = 0; count < 3; count += 1) refusals.note(from('192.0.2.1', 'stolen-token'))
    await refusals.close()
    expect(written.filter(({ userId }) => userId === '')).toHaveLength(1_000)
    expect(written.filter(({ userId }) => userId === 'stolen-token')).toHaveLength(3)
    expect(omittedIn(written)).toBe(4_000)
  })

  it('of a user who is named like an address are not those of the address', async () => {
    const { written, refusals } = open()
    for (let count = 0; count < 9; count += 1) refusals.note(from('192.0.2.1'))
    refusals.note(from('192.0.2.7', '192.0.2.1'))
    await refusals.close()
    expect(written).toHaveLength(4)
  })

  it('survive an outage, in order, and say when they were', async () => {
    const { written, errors, refusals, server, dropped } = open()
    server.fault = AWAY
    const at = new Date()
    for (let count = 1; count <= 8; count += 1) refusals.note(from(`192.0.2.${count}`))
    await vi.advanceTimersByTimeAsync(30_000)
    expect(written).toEqual([])
    expect(errors).not.toEqual([])
    refusals.note(from('192.0.2.9'))
    server.fault = undefined
    await vi.advanceTimersByTimeAsync(1_000)
    expect(written.map(({ ip }) => ip)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `192.0.2.${n}`))
    expect(written[0]?.metadata).toEqual({ refusedAt: at.toISOString() })
    expect(written[8]?.metadata).toEqual({})
    expect(dropped()).toBe(0)
  })

  it('are told with the number of the rest when they could not be written at first', async () => {
    const { written, refusals, server } = open()
    server.fault = AWAY
    for (let count = 0; count < 5; count += 1) refusals.note(from('192.0.2.1'))
    await vi.advanceTimersByTimeAsync(3_000)
    server.fault = undefined
    await vi.advanceTimersByTimeAsync(1_000)
    expect(written).toHaveLength(3)
    expect(omittedIn(written)).toBe(2)
  })

  it('are kept within bounds, and what is dropped is counted', async () => {
    const { written, refusals, server, dropped } = open()
    server.fault = AWAY
    for (let minute = 0; minute < 12; minute += 1) {
      for (let count = 0; count < 1_000; count += 1)
        refusals.note(from(`2001:db8:${count.toString(16)}:${minute}::1`))
      await vi.advanceTimersByTimeAsync(61_000)
    }
    refusals.note(from('192.0.2.1', 'alice'))
    expect(dropped()).toBe(2_000)
    server.fault = undefined
    await refusals.close()
    expect(written).toHaveLength(10_001)
    expect(written.at(-1)?.userId).toBe('alice')
  })

  it('are written for as long as the worker runs', async () => {
    const { written, refusals, dropped } = open()
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 4_000; count += 1)
        refusals.note(from('192.0.2.1', `user ${round} ${count}`))
      await vi.advanceTimersByTimeAsync(10_000)
    }
    expect(written).toHaveLength(12_000)
    expect(dropped()).toBe(0)
  })

  it.each([
    { why: 'and the next come meanwhile', closedAt: 20_000 },
    { why: 'and the worker ends meanwhile', closedAt: 2_500 },
  ])('are written once when the database takes long $why', async ({ closedAt }) => {
    const written: AuditEntry[] = []
    const refusals = openRefusals({
      write: async (entries) => {
        written.push(...entries)
        await new Promise((resolve) => setTimeout(resolve, 5_000))
      },
      onError: never,
      onDropped: never,
    })
    refusals.note(from('192.0.2.1'))
    await vi.advanceTimersByTimeAsync(1_500)
    refusals.note(from('192.0.2.2'))
    await vi.advanceTimersByTimeAsync(closedAt - 1_500)
    const closed = refusals.close()
    await vi.advanceTimersByTimeAsync(20_000)
    await closed
    expect(written.map(({ ip }) => ip)).toEqual(['192.0.2.1', '192.0.2.2'])
  })

  it('are ten a minute of each client, unless told', async () => {
    const written: AuditEntry[] = []
    const refusals = openRefusals({
      write: (entries) => Promise.resolve(void written.push(...entries)),
      onError: never,
      onDropped: never,
    })
    for (let count = 0; count < 15; count += 1) refusals.note(from('192.0.2.1'))
    await refusals.close()
    expect(written).toHaveLength(10)
  })

  it('that the database will never take hold up no others', async () => {
    const { written, refusals, server, dropped } = open()
    server.fault = new Error('invalid byte sequence')
    refusals.note(from('192.0.2.1'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(dropped()).toBe(1)
    server.fault = undefined
    refusals.note(from('192.0.2.2'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(written.map(({ ip }) => ip)).toEqual(['192.0.2.2'])
  })

  it('that are left when the worker ends in an outage are counted as dropped', async () => {
    const { refusals, server, dropped } = open()
    server.fault = AWAY
    refusals.note(from('192.0.2.1'))
    await refusals.close()
    expect(dropped()).toBe(1)
  })
})
