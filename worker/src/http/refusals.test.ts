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

function open(fails = false) {
  const written: AuditEntry[] = []
  const errors: unknown[] = []
  const refusals = openRefusals({
    write: (entries) => {
      if (fails) return Promise.reject(new Error('away'))
      written.push(...entries)
      return Promise.resolve()
    },
    onError: (error) => errors.push(error),
    perMinute: 3,
  })
  return { written, errors, refusals }
}

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

  it('of countless addresses are bounded', async () => {
    const { written, refusals } = open()
    for (let count = 0; count < 5_000; count += 1) refusals.note(from(`2001:db8::${count.toString(16)}`))
    await refusals.close()
    expect(written).toHaveLength(1_000)
    expect(written.at(-1)?.metadata).toEqual({ omitted: 4_000 })
  })

  it('that cannot be written are reported and not kept', async () => {
    const { errors, refusals } = open(true)
    refusals.note(from('192.0.2.1'))
    await refusals.close()
    expect(errors).toHaveLength(1)
  })
})
