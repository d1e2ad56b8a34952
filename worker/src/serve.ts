/** The worker put together: settings → clients → loops and servers → an orderly end. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerSettings } from '../../crds/workerSettings.ts'
import type { Logger } from './log.ts'
import type { Settings } from './settings.ts'
import { watchHealth } from './health.ts'
import { anyAddress } from './http/anyAddress.ts'
import { auditOf } from './http/audit.ts'
import { openRefusals } from './http/refusals.ts'
import { bodyBudgets, largestRequestBytes } from './http/bodyBudgets.ts'
import { internalServer } from './http/internalServer.ts'
import { apiServer } from './http/server.ts'
import { openTokens } from './http/tokens.ts'
import { openMetrics } from './metrics.ts'
import { gatherEvidence, observeBodies, observePool, readinessOf, watchFigures } from './figures.ts'
import { openProvider } from './providers/index.ts'
import { openNats } from './queue/connection.ts'
import { jetStreamQueue } from './queue/jetStreamQueue.ts'
import { openEvents } from './serveEvents.ts'
import { openLimits } from './serveLimits.ts'
import { openFeatures } from './serveFeatures.ts'
import { watchContinuity } from './serveContinuity.ts'
import { startSending } from './serveSending.ts'
import { startSweeping } from './serveSweeping.ts'
import { openWebhooks } from './serveWebhooks.ts'
import { openHousekeeping } from './serveHousekeeping.ts'
import { listAudit, recordAudit } from './store/audit.ts'
import { batchStore } from './store/batchStore.ts'
import { openPools } from './store/pools.ts'
import { deadLetterStore } from './store/deadLetters.ts'
import { knownMigrations } from './store/migrations.ts'
import { suppressionStore } from './store/suppressions.ts'
import type { UnsubscribeLinks } from './unsubscribe.ts'
import { openUnsubscribeLinks } from './unsubscribe.ts'

/** Kubernetes gives 60 s: what is under way has most of it, then results go unwritten and become uncertain. */
const FINISH_MS = 45_000
/** Requests still arrive until every proxy knows that this worker is no longer ready. */
const LISTEN_ON_MS = 3_000

export interface Worker {
  /** Claims no more, finishes what is under way, writes it, closes. */
  stop(): Promise<void>
}

/** @throws Error when only one of the two settings is there, or no key can be read. */
function openUnsubscribing(
  { unsubscribeBaseUrl: baseUrl, unsubscribeKeyFile: keyFile }: WorkerSettings,
  log: Logger,
): Promise<UnsubscribeLinks> | undefined {
  if (baseUrl === undefined && keyFile === undefined) return undefined
  if (baseUrl === undefined || keyFile === undefined)
    throw new Error('UNSUBSCRIBE_BASE_URL and UNSUBSCRIBE_KEY_FILE need each other')
  return openUnsubscribeLinks({
    baseUrl,
    keyFile,
    onError: (error) => {
      log.error({ err: error }, 'the key to unsubscribe by cannot be read')
    },
  })
}

export async function serve({ worker: settings, tuning, memory }: Settings, log: Logger): Promise<Worker> {
  const stopping = new AbortController()
  const giveUp = new AbortController()
  const metrics = openMetrics()
  const budgets = bodyBudgets(memory)
  const largest = largestRequestBytes(memory)
  if (settings.maxRequestSizeBytes > largest)
    log.error(
      { maxRequestSizeBytes: settings.maxRequestSizeBytes, memoryBytes: memory.limitBytes },
      `requests of that size need 50 times as much memory: some above ${largest} bytes are refused with 413`,
    )
  // A restarted container has the name of the one that died: its leases must not look like ours.
  const worker = `${settings.workerName}/${randomUUID().slice(0, 8)}`
  const known = (await knownMigrations()).at(-1)?.version ?? 0

  const pools = openPools(
    {
      url: settings.postgresUrl,
      caFile: settings.postgresCaFile,
      applicationName: 'batchsender-worker',
      onIdleError: (error) => {
        log.warn({ err: error }, 'a connection to PostgreSQL was lost')
      },
    },
    tuning.readMs,
  )
  const { service: database, reads } = pools
  const nats = openNats({
    servers: settings.natsServers,
    tlsDir: settings.natsTlsDir,
    name: settings.workerName,
    onState: (state, error) => {
      metrics.natsConnected.set(state === 'connected' ? 1 : 0)
      log[state === 'connected' ? 'info' : 'warn']({ err: error }, `NATS ${state}`)
    },
  })
  const provider = openProvider(settings, tuning.concurrency)
  const tokens = await openTokens({
    folder: settings.apiTokensDir,
    onError: (error) => {
      log.error({ err: error }, 'the API tokens cannot be read')
    },
    onFaults: (users) => {
      metrics.tokensMalformed.set(users.length)
      if (users.length > 0)
        log.error({ users }, 'of these users the token is not `sha256:<hex>`, perhaps with ` scopes:…`')
    },
  })
  const features = await openFeatures(settings, log, metrics)
  const limits = openLimits(settings, database, log)
  const unsubscribe = await openUnsubscribing(settings, log)
  const health = watchHealth(pools.health, known, stopping.signal, (isGood, message) => {
    log[isGood ? 'info' : 'error'](message)
  })
  const queue = jetStreamQueue(nats, {
    stream: settings.natsStream,
    subject: settings.natsSubject,
    consumer: settings.natsConsumer,
  })

  const common = { settings, tuning, worker, log, metrics, database, stopping: stopping.signal }
  const events = openEvents(common)
  const continuity = watchContinuity({ ...common, pools, provider, ready: health.served })
  const sending = startSending({
    ...common,
    continuity,
    database: pools.sending,
    queue,
    provider,
    switches: features,
    giveUp: giveUp.signal,
    unsubscribe,
    ready: health.served,
  })
  const sweeping = startSweeping({ ...common, pools, queue, ready: health.served })
  const webhooks = await openWebhooks({ ...common, ready: health.served })
  const housekeeping = openHousekeeping(common)
  const refusals = openRefusals({
    write: (entries) => recordAudit(database, entries),
    onError: (error) => {
      log.warn({ err: error }, 'refused requests cannot be written into the audit log')
    },
    onDropped: (rows) => {
      metrics.refusalsDropped.inc(rows)
    },
  })
  const figures = watchFigures({
    ...common,
    queue,
    sending,
    outbox: events.outbox,
    inbox: webhooks.effects,
    ready: health.served,
  })

  const internal = internalServer({
    readiness: () => readinessOf(health, queue.isConnected(), stopping.signal.aborted),
    metrics: async () => {
      observePool(metrics, pools)
      observeBodies(metrics, budgets)
      metrics.overdueResults.set(sending.overdueResults())
      return { contentType: metrics.registry.contentType, text: await metrics.registry.metrics() }
    },
    evidence: () =>
      gatherEvidence({
        ...common,
        health,
        queue,
        sending,
        features,
        outbox: events.outbox,
        audit: events.audit,
      }),
  })
  const api = await apiServer({
    store: batchStore(database, {
      reads,
      onDue: sweeping.nudge,
      events: settings.clickhouseUrl !== undefined,
    }),
    suppressions: suppressionStore(database, reads),
    deadLetters: deadLetterStore(database, sweeping.nudge, reads),
    audit: (page) => listAudit(reads, page),
    tokens,
    webhooks,
    limits,
    unsubscribe,
    log,
    maxRequestSizeBytes: settings.maxRequestSizeBytes,
    budgets,
    trustedProxies: settings.trustedProxies ?? [],
    isServing: () => health.isServing(),
    onRefused: (request, reason) => {
      const [path = ''] = request.url.split('?')
      refusals.note(auditOf(request, 'access.refused', path, { reason, method: request.method }))
    },
    onAnswered: (method, route, status, seconds) => {
      metrics.requests.observe({ method, route, status }, seconds)
    },
  })
  await internal.listen({ port: settings.internalPort, host: await anyAddress() })
  // Before that every request would be refused, however well the database is.
  await health.looked
  await api.listen(settings.httpPort)
  log.info({ httpPort: settings.httpPort, internalPort: settings.internalPort, worker }, 'serving')

  return {
    stop: async () => {
      stopping.abort()
      const lastCall = setTimeout(() => {
        giveUp.abort()
      }, FINISH_MS)
      await Promise.all([
        sleep(LISTEN_ON_MS).then(() => api.close()),
        sending.finished,
        sweeping.finished,
        events.finished,
        webhooks.finished,
        figures,
        housekeeping,
        continuity.finished,
      ])
      await refusals.close()
      clearTimeout(lastCall)
      provider.close()
      tokens.close()
      features.close()
      webhooks.close()
      limits.close()
      unsubscribe?.close()
      await nats.close()
      await internal.close()
      await pools.close()
    },
  }
}
