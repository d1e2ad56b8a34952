/** Hands events and the audit log to ClickHouse, where there is one. */
import type { DataTable } from '../../../crds/clickhouseTables.ts'
import type { Part } from '../runtime/parts.ts'
import type { AuditRow } from '../store/audit.ts'
import type { EventRow } from '../store/events.ts'
import type { Outbox } from '../store/outbox.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import { AUDIT_LOG, EMAIL_EVENTS } from '../../../crds/clickhouseTables.ts'
import { clickhouseSink } from '../events/clickhouse.ts'
import { flush } from '../events/flusher.ts'
import { auditOutbox } from '../store/audit.ts'
import { eventOutbox } from '../store/events.ts'
import { releaseLease, takeLease } from '../store/lease.ts'

const LOT = 5_000
const EVERY_MS = 1_000
/** An insert may outlast it: another worker then repeats the same lot, which changes nothing. */
const LEASE_SECONDS = 15

export interface EventsNeeds {
  readonly pools: Pick<Pools, 'service'>
}

export interface Events {
  readonly outbox: Outbox<EventRow>
  readonly audit: Outbox<AuditRow>
}

/** Each table has an outbox and a loop of its own: a lot that one does not take holds up nothing of the other. */
export function openEvents(context: Context, needs: EventsNeeds): Events & Part {
  const outbox = eventOutbox(needs.pools.service, LOT)
  const audit = auditOutbox(needs.pools.service, LOT)
  const { clickhouseUrl: url } = context.settings
  if (url === undefined) return { outbox, audit }
  const finished = Promise.all([
    handOver(context, needs, url, EMAIL_EVENTS, outbox),
    handOver(context, needs, url, AUDIT_LOG, audit),
  ])
  return { outbox, audit, finished }
}

async function handOver<Row>(
  { settings, worker, log, stopping }: Context,
  { pools }: EventsNeeds,
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
    isMine: () => takeLease(pools.service, lease, worker, LEASE_SECONDS),
    onError: (error) => {
      log.warn({ err: error, table }, 'rows wait for ClickHouse')
    },
    onFlushed: (rows) => {
      log.debug({ rows, table }, 'rows handed over')
    },
  })
  await releaseLease(pools.service, lease, worker).catch(() => undefined)
  await sink.close()
}
