/** Empties an outbox into ClickHouse, lot by lot; nothing waits for it and an outage only lengthens it. */
import type { Lot, Outbox } from '../store/outbox.ts'
import { reconnectMs } from '../domain/backoff.ts'
import { repeat } from '../runtime/repeat.ts'

export interface Sink<Row> {
  /** The same lot again changes nothing. */
  insert(lot: Lot<Row>): Promise<void>
  close(): Promise<void>
}

export interface FlusherOptions<Row> {
  readonly outbox: Outbox<Row>
  readonly sink: Sink<Row>
  /** Whether this worker is the one that flushes. */
  readonly isMine: () => Promise<boolean>
  readonly everyMs: number
  readonly stopping: AbortSignal
  readonly onError: (error: unknown) => void
  readonly onFlushed: (rows: number) => void
}

/** Resolves when told to stop. */
export function flush<Row>(options: FlusherOptions<Row>): Promise<void> {
  const { everyMs, isMine, onError, stopping } = options
  return repeat({
    everyMs,
    jitter: [0.75, 1.25],
    isMine,
    work: () => flushAll(options),
    onError,
    retryMs: reconnectMs,
    stopping,
  }).finished
}

async function flushAll<Row>({
  outbox,
  sink,
  isMine,
  stopping,
  onFlushed,
}: FlusherOptions<Row>): Promise<void> {
  while (!stopping.aborted && (await isMine())) {
    const lot = await outbox.nextLot()
    if (lot === undefined) return
    await sink.insert(lot)
    await outbox.finish(lot.token)
    onFlushed(lot.rows.length)
  }
}
