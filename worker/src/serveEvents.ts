/** The part of the worker that hands events and the audit log to ClickHouse, where there is one. */
import type { Logger } from './log.ts'
import type { DataTable } from '../../crds/clickhouseTables.ts'
import type { AuditRow } from './store/audit.ts'
import type { EventRow } from './store/events.ts'
import type { Outbox } from './store/outbox.ts'
import type { Settings } from './settings.ts'
import type { Database } from './store/database.ts'
import { AUDIT_LOG, EMAIL_EVENTS } from '../../crds/clickhouseTables.ts'
import { clickhouseSink } from './events/clickhouse.ts'
import { flush } from './events/flusher.ts'
import { auditOutbox } from './store/audit.ts'
import { eventOutbox } from './store/events.ts'
import { releaseLease, takeLease } from './store/lease.ts'

const LOT = 5_000
const EVERY_MS = 1_000
/** An insert may outlast it: another worker then repeats the same lot, which changes nothing. */
const LEASE_SECONDS = 15

export interface EventsOptions {
  readonly settings: Settings['worker']
  readonly worker: string
  readonly log: Logger
  readonly database: Database
  readonly stopping: AbortSignal
}

/** Each table has an outbox and a loop of its own: a lot that one does not take holds up nothing of the other. */
export function openEvents(options: EventsOptions): {
  readonly outbox: Outbox<EventRow>
  readonly audit: Outbox<AuditRow>
  readonly finished: Promise<unknown>
} {
  const { settings, database } = options
  const events = eventOutbox(database, LOT)
  const audit = auditOutbox(database, LOT)
  if (settings.clickhouseUrl === undefined) return { outbox: events, audit, finished: Promise.resolve() }
  const url = settings.clickhouseUrl
  return {
    outbox: events,
    audit,
    finished: Promise.all([
      handOver(options, url, EMAIL_EVENTS, events),
      handOver(options, url, AUDIT_LOG, audit),
    ]),
  }
}

async function handOver<Row>(
  { settings, worker, log, database, stopping }: EventsOptions,
  url: string,
  table: DataTable,
  outbox: Outbox<Row>,
): Promise<void> {
  const lease = `flush ${table}`
  const sink = clickhouseSink<Row>({
    url,
    table,
    database: settings.clickhouseDatabase,
    username: settings.clickhouseUsername,
    password: settings.clickhousePassword,
    ca: settings.clickhouseCa,
    creates: settings.clickhouseTables === 'Create',
  })
  await flush({
    outbox,
    sink,
    everyMs: EVERY_MS,
    stopping,
    isMine: () => takeLease(database, lease, worker, LEASE_SECONDS),
    onError: (error) => {
      log.warn({ err: error, table }, 'rows wait for ClickHouse')
    },
    onFlushed: (rows) => {
      log.debug({ rows, table }, 'rows handed over')
    },
  })
  await releaseLease(database, lease, worker).catch(() => undefined)
  await sink.close()
}
