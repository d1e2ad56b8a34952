/** Empties an outbox into ClickHouse, lot by lot; nothing waits for it and an outage only lengthens it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lot, Outbox } from '../store/outbox.ts'
import { reconnectMs } from '../domain/backoff.ts'

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

export async function flush<Row>(options: FlusherOptions<Row>): Promise<void> {
  const { stopping, everyMs, onError } = options
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping }).catch(() => undefined)
  let failures = 0
  while (!stopping.aborted) {
    try {
      if (await options.isMine()) await flushAll(options)
      failures = 0
      await pause(everyMs * (0.75 + Math.random() / 2))
    } catch (error) {
      failures += 1
      onError(error)
      await pause(reconnectMs(failures, Math.random()))
    }
  }
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
