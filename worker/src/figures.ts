/** What the worker tells of itself: readiness, evidence, and gauges that have to be looked up. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Features } from './features/features.ts'
import type { Health } from './health.ts'
import type { Evidence, Readiness } from './http/internalServer.ts'
import type { Metrics } from './metrics.ts'
import type { WakeupPublisher } from './sending/sweep.ts'
import type { SendingLoop } from './serveSending.ts'
import type { Database } from './store/database.ts'
import type { Outbox } from './store/outbox.ts'
import type { WebhookEffects } from './webhooks/ports.ts'

const LOOK_EVERY_MS = 10_000

interface Sources {
  readonly database: Database
  readonly queue: WakeupPublisher
  readonly sending: SendingLoop
  readonly outbox: Pick<Outbox<unknown>, 'backlog'>
}

/** NATS is told of but not asked for: without it batches are still accepted, and wait. */
export function readinessOf(health: Health, isNatsConnected: boolean, isStopping: boolean): Readiness {
  const schema = health.schema()
  return {
    ready: health.isReachable() && health.isServing() && !isStopping,
    checks: {
      postgres: health.isReachable() ? 'answers' : 'does not answer',
      schema: schema === undefined ? 'unknown' : `${schema.state}, version ${schema.version}`,
      nats: isNatsConnected ? 'connected' : 'not connected',
      worker: isStopping ? 'stopping' : 'running',
    },
  }
}

export async function gatherEvidence(
  sources: Sources & { readonly worker: string; readonly health: Health; readonly features: Features },
): Promise<Evidence> {
  const { worker, database, health, queue, sending, outbox, features } = sources
  const [tls, [server], backlog] = await Promise.all([
    database.isEncrypted(),
    database.query<{ server_version: string }>('SHOW server_version'),
    outbox.backlog(),
  ])
  const schema = health.schema()
  return {
    worker,
    postgres: {
      tls,
      serverVersion: server?.server_version ?? '',
      migrationVersion: schema?.version ?? 0,
      schema: schema?.state ?? 'unknown',
    },
    nats: { connected: queue.isConnected() },
    features: {
      provider: features.provider,
      degraded: features.isDegraded(),
      flags: await features.inForce(),
    },
    inFlight: sending.inFlight(),
    outboxLag: { events: backlog.rows, oldestSeconds: backlog.oldestSeconds },
  }
}

/** Resolves when told to stop. */
export async function watchFigures(
  options: Sources & {
    readonly metrics: Metrics
    readonly inbox: Pick<WebhookEffects, 'backlog'>
    readonly stopping: AbortSignal
    readonly ready: Promise<boolean>
  },
): Promise<void> {
  const { metrics, sending, stopping } = options
  await options.ready
  while (!stopping.aborted) {
    metrics.inFlight.set(sending.inFlight())
    await look(options).catch(() => undefined)
    await sleep(LOOK_EVERY_MS, undefined, { signal: stopping }).catch(() => undefined)
  }
}

async function look({
  metrics,
  database,
  queue,
  outbox,
  inbox,
}: Sources & { readonly metrics: Metrics; readonly inbox: Pick<WebhookEffects, 'backlog'> }): Promise<void> {
  const [oldest] = await database.query<{ seconds: number }>(
    `SELECT COALESCE(extract(epoch FROM now() - min(COALESCE(retried_at, created_at))), 0)::float8 AS seconds
     FROM batch WHERE state IN ('accepted', 'running')`,
  )
  metrics.oldestInFlight.set(oldest?.seconds ?? 0)
  const backlog = await outbox.backlog()
  metrics.eventBacklog.set(backlog.rows)
  metrics.eventLag.set(backlog.oldestSeconds)
  const tidings = await inbox.backlog()
  metrics.webhookBacklog.set(tidings.rows)
  metrics.webhookLag.set(tidings.oldestSeconds)
  const depth = queue.isConnected() ? await queue.depth() : undefined
  if (depth !== undefined) metrics.queueDepth.set(depth)
}
