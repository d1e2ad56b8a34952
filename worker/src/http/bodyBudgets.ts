/** How many bytes of bodies a worker holds at once, by the memory it has. */
import { ByteBudget } from './byteBudget.ts'

export interface Memory {
  /** What the container may use, or the machine has. */
  readonly limitBytes: number
  /** How far V8 lets its heap grow; half of the limit unless somebody set it. */
  readonly heapBytes: number
}

export interface BodyBudgets {
  /** Received under a token and not parsed yet; no token has more than three quarters of it. */
  readonly received: ByteBudget
  /** Received without a token: webhooks and clicks on links. No address has more than a quarter of it. */
  readonly open: ByteBudget
  /** What parsed bodies and the work on them take of the heap. */
  readonly parsed: ByteBudget
}

/** Raw bodies lie outside of the heap, next to the program itself and its buffers. */
const RECEIVED = 1 / 8
const OPEN = 1 / 16
const OF_ONE_CLIENT = 1 / 4
const OF_ONE_TOKEN = 3 / 4
/** What the program has on the heap without any body. */
const PROGRAM_BYTES = 64 * 1_048_576
/** Of the rest: collecting needs room. */
const PARSED = 0.85
/** What V8 takes by itself, and a little. */
const HEAP = 0.51
/** Commands work whatever the memory. */
const LEAST_BYTES = 1_048_576
/** A body of the largest size fits whatever it is made of, as long as a batch can be made of it. */
const LIMIT_PER_BYTE = 50

export function bodyBudgets({ limitBytes, heapBytes }: Memory): BodyBudgets {
  return {
    received: new ByteBudget(limitBytes * RECEIVED, limitBytes * RECEIVED * OF_ONE_TOKEN),
    open: new ByteBudget(limitBytes * OPEN, limitBytes * OPEN * OF_ONE_CLIENT),
    // A heap that somebody set larger has to share the memory with what lies outside of it all the same.
    parsed: new ByteBudget(
      Math.max(LEAST_BYTES, Math.min(heapBytes, limitBytes * HEAP) - PROGRAM_BYTES) * PARSED,
    ),
  }
}

/** @returns the largest `maxRequestSizeBytes` that the memory is enough for. */
export const largestRequestBytes = ({ limitBytes, heapBytes }: Memory): number =>
  Math.floor(Math.min(limitBytes, 2 * heapBytes) / LIMIT_PER_BYTE)
