import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ByteBudget } from './byteBudget.ts'
import { PIECE_BYTES, readBody } from './readBody.ts'

const PATIENT = { graceMs: 60_000, bytesPerSecond: 0, totalMs: 60_000 }

function reading(budget: ByteBudget, more: Partial<Parameters<typeof readBody>[1]> = {}) {
  const stream = new PassThrough()
  const reservation = budget.reserve('a')
  const body = readBody(stream, {
    limitBytes: 1_000,
    contentLength: undefined,
    reservation,
    pace: PATIENT,
    checkEveryMs: 5,
    ...more,
  })
  body.catch(() => undefined)
  return { stream, body, reservation }
}

test('what arrives is counted, not what is announced', async () => {
  const budget = new ByteBudget(10_000)
  const { stream, body, reservation } = reading(budget, { contentLength: 1_000 })
  expect(budget.takenBytes).toBe(0)
  stream.write('12345')
  await sleep(0)
  expect(budget.takenBytes).toBe(5 + PIECE_BYTES)
  stream.end('67')
  expect((await body).toString()).toBe('1234567')
  expect(budget.takenBytes).toBe(7 + 2 * PIECE_BYTES)
  reservation.release()
  expect(budget.takenBytes).toBe(0)
})

test.each([
  ['announced to be too large', { contentLength: 1_001 }, (stream: PassThrough) => stream.write('x'), 413],
  ['too large', {}, (stream: PassThrough) => stream.write('x'.repeat(1_001)), 413],
  [
    'more than there is room for',
    { limitBytes: 1e6 },
    (stream: PassThrough) => stream.write('x'.repeat(9_900)),
    503,
  ],
  ['broken off', {}, (stream: PassThrough) => stream.destroy(), 400],
  ['broken', {}, (stream: PassThrough) => stream.destroy(new Error('ECONNRESET')), 400],
] as const)('what is %s is refused', async (_, options, act, status) => {
  const { stream, body } = reading(new ByteBudget(10_000), options)
  act(stream)
  await expect(body).rejects.toMatchObject({ status })
})

test('pieces of one byte count for what they take', async () => {
  const { stream, body } = reading(new ByteBudget(10 * (PIECE_BYTES + 1)))
  for (let piece = 0; piece < 11; piece += 1) {
    stream.write('x')
    await sleep(0)
  }
  await expect(body).rejects.toMatchObject({ status: 503 })
})

test.each([
  ['that is not there when it has to be', { graceMs: 0, bytesPerSecond: 0, totalMs: 60_000 }],
  ['that comes too slowly', { graceMs: 0, bytesPerSecond: 1e9, totalMs: 60_000 }],
  ['that takes longer than any may', { graceMs: 60_000, bytesPerSecond: 0, totalMs: 0 }],
])('a body %s is not waited for', async (_, pace) => {
  const { stream, body } = reading(new ByteBudget(10_000), { pace })
  stream.write('x')
  await expect(body).rejects.toMatchObject({ status: 408 })
})

test('after a refusal the rest is thrown away, so that the client can read the answer', async () => {
  const { stream, body } = reading(new ByteBudget(10_000))
  stream.write('x'.repeat(1_001))
  await expect(body).rejects.toMatchObject({ status: 413 })
  for (let piece = 0; piece < 100; piece += 1) stream.write(Buffer.alloc(16_384))
  stream.end()
  await expect.poll(() => stream.readableEnded).toBe(true)
})
