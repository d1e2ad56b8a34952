import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { Patience } from './pieces.ts'
import { Pieces } from './pieces.ts'

const PATIENT: Patience = { quietMs: 5, idleMs: 60_000, graceMs: 60_000, bytesPerSecond: 1 }

function reading(more: Partial<Patience> = {}) {
  const body = new PassThrough()
  const stopping = new AbortController()
  return { body, stopping, pieces: new Pieces(body, { ...PATIENT, ...more }, stopping.signal) }
}

/** Kinds of pieces, as long as it is quiet at most. */
async function untilNoisy(pieces: Pieces): Promise<string> {
  for (;;) {
    const { kind } = await pieces.next()
    if (kind !== 'quiet') return kind
  }
}

test('pieces come as they are asked for, and it is told when nothing does', async () => {
  const { body, pieces } = reading()
  body.write('abc')
  expect(await pieces.next()).toEqual({ kind: 'bytes', bytes: Buffer.from('abc') })
  expect(await pieces.next()).toEqual({ kind: 'quiet' })
  body.end('d')
  expect(await untilNoisy(pieces)).toBe('bytes')
  expect(await untilNoisy(pieces)).toBe('end')
})

test('nothing is read ahead', async () => {
  const { body, pieces } = reading()
  while (body.write(Buffer.alloc(16_384)));
  expect((await pieces.next()).kind).toBe('bytes')
  while (body.write(Buffer.alloc(16_384)));
  expect(body.writableNeedDrain).toBe(true)
})

test.each([
  ['from which nothing comes', { idleMs: 0, graceMs: Infinity }],
  ['that comes in drops', { graceMs: 0, bytesPerSecond: 1e9 }],
])('a body %s is not waited for', async (_, patience) => {
  const { body, pieces } = reading(patience)
  body.write('x')
  expect(await untilNoisy(pieces)).toBe('bytes')
  expect(await untilNoisy(pieces)).toBe('late')
})

test('a connection that breaks is told from an end, and so is our own', async () => {
  const broken = reading()
  broken.body.destroy(new Error('ECONNRESET'))
  expect(await untilNoisy(broken.pieces)).toBe('cut')
  const { pieces, stopping } = reading()
  const next = untilNoisy(pieces)
  stopping.abort()
  expect(await next).toBe('stopped')
})
