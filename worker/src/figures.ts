/** What the worker tells of itself: readiness, evidence, and gauges that have to be looked up. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Features } from './features/features.ts'
import type { Health } from './health.ts'
import type { Evidence, Readiness } from './http/internalServer.ts'
import type { BodyBudgets } from './http/bodyBudgets.ts'
import type { Metrics } from './metrics.ts'
import type { WakeupPublisher } from './sending/sweep.ts'
import type { SendingLoop } from './serveSending.ts'
import type { WorkerSettings } from '../../crds/workerSettings.ts'
import type { Database } from './store/database.ts'
import type { Outbox } from './store/outbox.ts'
import { countDeadLetters } from './store/deadLetters.ts'
import type { WebhookEffects } from './webhooks/ports.ts'
import { paceOf } from './store/rate.ts'
import { serverSettings } from './store/serverSettings.ts'

const LOOK_EVERY_MS = 10_000

interface Told extends Sources {
  readonly worker: string
  readonly settings: Pick<WorkerSettings, 'provider' | 'maxPerSecond' | 'clickhouseUrl'>
  readonly health: Health
  readonly features: Features
  readonly audit: Pick<Outbox<unknown>, 'backlog'>
}

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

export async function gatherEvidence(sources: Told): Promise<Evidence> {
  const { worker, database, health, queue, sending, features } = sources
  const [tls, [server], settings, provider, oldest, lag, flags] = await Promise.all([
    database.isEncrypted(),
    database.query<{ server_version: string }>('SHOW server_version'),
    serverSettings(database),
    providerState(sources),
    oldestInFlight(database),
    lagOf(sources),
    features.inForce(),
  ])
  const schema = health.schema()
  return {
    worker,
    postgres: {
      tls,
      serverVersion: server?.server_version ?? '',
      migrationVersion: schema?.version ?? 0,
      schema: schema?.state ?? 'unknown',
      settings,
    },
    nats: { connected: queue.isConnected() },
    provider,
    features: {
      provider: features.provider,
      degraded: features.isDegraded(),
      flags,
    },
    inFlight: sending.inFlight(),
    oldestInFlightSeconds: oldest,
    outboxLag: lag,
  }
}

async function providerState({ database, settings, sending, features }: Told): Promise<Evidence['provider']> {
  const { provider: name, maxPerSecond } = settings
  const [pace, isPaused] = await Promise.all([paceOf(database, name, maxPerSecond), features.isPaused()])
  const { perSecond = maxPerSecond, closedMs = 0 } = pace ?? {}
  const state = sending.isClosed() || closedMs > 0 ? 'closed' : 'open'
  return { name, state: isPaused ? 'paused' : state, ...(perSecond !== undefined && { perSecond }) }
}

/** Without a ClickHouse nothing is on its way. */
async function lagOf({ settings, outbox, audit }: Told): Promise<Evidence['outboxLag']> {
  if (settings.clickhouseUrl === undefined) return {}
  return { events: await outbox.backlog(), audit: await audit.backlog() }
}

/** At the moment of the scrape: a pool is exhausted for seconds, not for as long as one looks at other figures. */
export function observePool(
  { poolTotal, poolIdle, poolWaiting }: Metrics,
  pools: Pick<Database, 'pool'>,
): void {
  const { total, idle, waiting } = pools.pool()
  poolTotal.set(total)
  poolIdle.set(idle)
  poolWaiting.set(waiting)
}

export function observeBodies({ bodyBytes, bodyLimit }: Metrics, budgets: BodyBudgets): void {
  for (const [kind, budget] of Object.entries(budgets) as [string, BodyBudgets['open']][]) {
    bodyBytes.set({ kind }, budget.takenBytes)
    bodyLimit.set({ kind }, Math.floor(budget.totalBytes))
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
  metrics.oldestInFlight.set(await oldestInFlight(database))
  const backlog = await outbox.backlog()
  metrics.eventBacklog.set(backlog.rows)
  metrics.eventLag.set(backlog.oldestSeconds)
  metrics.deadLetters.set(await countDeadLetters(database))
  const tidings = await inbox.backlog()
  metrics.webhookBacklog.set(tidings.rows)
  metrics.webhookLag.set(tidings.oldestSeconds)
  const depth = queue.isConnected() ? await queue.depth() : undefined
  if (depth !== undefined) metrics.queueDepth.set(depth)
}

async function oldestInFlight(database: Database): Promise<number> {
  const [oldest] = await database.query<{ seconds: number }>(
    `SELECT COALESCE(extract(epoch FROM now() - min(COALESCE(retried_at, created_at))), 0)::float8 AS seconds
     FROM batch WHERE state IN ('accepted', 'running')`,
  )
  return oldest?.seconds ?? 0
}
