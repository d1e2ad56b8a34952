/** A body as it comes: its bytes are counted as they arrive, whatever was announced, and it has to go on arriving. */
import type { Readable } from 'node:stream'
import type { Reservation } from './byteBudget.ts'
import { Problem } from './problem.ts'

export interface Pace {
  /** How long it may take without any condition. */
  readonly graceMs: number
  /** From then on it must have come this fast on average; 0 when it has to be there by then. */
  readonly bytesPerSecond: number
  /** And not longer than this, however much there is of it. */
  readonly totalMs: number
}

export interface BodyOptions {
  readonly limitBytes: number
  readonly contentLength: number | undefined
  readonly reservation: Reservation
  readonly pace: Pace
  readonly checkEveryMs?: number
}

/** A piece is an object with a buffer of its own, however little it carries. */
export const PIECE_BYTES = 256
const CHECK_EVERY_MS = 1_000

/**
 * @returns the bytes, for which `reservation` stands until it is released.
 * @throws Problem 413 when it is too large, 503 when others hold too much, 408 when it comes too slowly.
 */
export async function readBody(payload: Readable, options: BodyOptions): Promise<Buffer> {
  const { limitBytes, contentLength, reservation, pace, checkEveryMs = CHECK_EVERY_MS } = options
  if (contentLength !== undefined && contentLength > limitBytes) throw new Problem('request-too-large')
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const pieces: Buffer[] = []
  const startedAt = performance.now()
  let received = 0
  let isLate = false

  const onData = (piece: Buffer) => {
    received += piece.byteLength
    if (received > limitBytes) reject(new Problem('request-too-large'))
    else if (reservation.grow(piece.byteLength + PIECE_BYTES)) pieces.push(piece)
    else reject(new Problem('unavailable'))
  }
  const onClose = () => {
    reject(new Problem('malformed-request'))
  }
  // Twice in a row: bytes may wait behind work that held everything up.
  const timer = setInterval(() => {
    const wasLate = isLate
    isLate = isTooSlow(pace, performance.now() - startedAt, received)
    if (wasLate && isLate) reject(new Problem('request-timeout'))
  }, checkEveryMs)
  const onEnd = () => {
    resolve(undefined)
  }
  payload.on('data', onData).once('end', onEnd).once('error', onClose).once('close', onClose)
  try {
    await promise
    return Buffer.concat(pieces, received)
  } finally {
    clearInterval(timer)
    pieces.length = 0
    payload.off('data', onData).off('end', onEnd).off('close', onClose)
    // What still comes is thrown away; an error of what nobody reads any more is nobody's.
    payload.off('error', onClose).on('error', () => undefined)
    payload.resume()
  }
}

function isTooSlow({ graceMs, bytesPerSecond, totalMs }: Pace, elapsedMs: number, received: number): boolean {
  if (elapsedMs > totalMs) return true
  if (elapsedMs <= graceMs) return false
  return bytesPerSecond === 0 || received < ((elapsedMs - graceMs) / 1_000) * bytesPerSecond
}
