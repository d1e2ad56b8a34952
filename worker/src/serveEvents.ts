/** The part of the worker that hands events to ClickHouse, where there is one. */
import type { Logger } from './log.ts'
import type { EventOutbox } from './store/events.ts'
import type { Settings } from './settings.ts'
import type { Database } from './store/database.ts'
import { clickhouseEvents } from './events/clickhouse.ts'
import { flushEvents } from './events/flusher.ts'
import { eventOutbox } from './store/events.ts'
import { releaseLease, takeLease } from './store/lease.ts'

const LOT = 5_000
const EVERY_MS = 1_000
const LEASE = 'event-flusher'
/** An insert may outlast it: another worker then repeats the same lot, which changes nothing. */
const LEASE_SECONDS = 15

export interface EventsOptions {
  readonly settings: Settings['worker']
  readonly worker: string
  readonly log: Logger
  readonly database: Database
  readonly stopping: AbortSignal
}

export function openEvents({ settings, worker, log, database, stopping }: EventsOptions): {
  readonly outbox: EventOutbox
  readonly finished: Promise<void>
} {
  const outbox = eventOutbox(database, LOT)
  if (settings.clickhouseUrl === undefined) return { outbox, finished: Promise.resolve() }
  const sink = clickhouseEvents({
    url: settings.clickhouseUrl,
    database: settings.clickhouseDatabase,
    username: settings.clickhouseUsername,
    password: settings.clickhousePassword,
  })
  const run = async () => {
    await flushEvents({
      outbox,
      sink,
      everyMs: EVERY_MS,
      stopping,
      isMine: () => takeLease(database, LEASE, worker, LEASE_SECONDS),
      onError: (error) => {
        log.warn({ err: error }, 'events wait for ClickHouse')
      },
      onFlushed: (rows) => {
        log.debug({ rows }, 'events handed over')
      },
    })
    await releaseLease(database, LEASE, worker).catch(() => undefined)
    await sink.close()
  }
  return { outbox, finished: run() }
}
