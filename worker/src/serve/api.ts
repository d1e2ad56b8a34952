/** The public API. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Limits } from '../http/admission.ts'
import type { Refusals } from '../http/refusals.ts'
import type { Tokens } from '../http/tokens.ts'
import type { Part } from '../runtime/parts.ts'
import type { SweepLoop } from '../sending/sweepLoop.ts'
import type { Pools } from '../store/pools.ts'
import type { UnsubscribeLinks } from '../unsubscribe.ts'
import type { Context } from './context.ts'
import type { Health } from './health.ts'
import type { Sending } from './sending.ts'
import type { Webhooks } from './webhooks.ts'
import { auditOf } from '../http/audit.ts'
import { largestRequestBytes } from '../http/bodyBudgets.ts'
import { apiServer } from '../http/server.ts'
import { listAudit } from '../store/audit.ts'
import { batchStore } from '../store/batchStore.ts'
import { deadLetterStore } from '../store/deadLetters.ts'
import { suppressionStore } from '../store/suppressions.ts'
import { uploadStore } from '../store/uploads.ts'

/** Requests still arrive until every proxy knows that this worker is no longer ready. */
const LISTEN_ON_MS = 3_000

export interface ApiNeeds {
  readonly pools: Pick<Pools, 'service' | 'reads'>
  readonly health: Pick<Health, 'isServing' | 'looked'>
  /** Both are told of what became due. */
  readonly sweeping: Pick<SweepLoop, 'nudge'>
  readonly sending: Pick<Sending, 'nudge'>
  readonly tokens: Tokens
  readonly limits: Limits
  readonly unsubscribe: UnsubscribeLinks | undefined
  readonly webhooks: Pick<Webhooks, 'receivers' | 'onReceived'>
  readonly refusals: Pick<Refusals, 'note'>
}

/** Told to stop, it listens on for a while, and then answers what has been asked while the loops finish. */
export async function openApi(context: Context, needs: ApiNeeds): Promise<Part> {
  const { settings, worker, log, metrics, budgets, answers, stopping } = context
  const { health, sweeping, sending, tokens, limits, unsubscribe, webhooks, refusals } = needs
  const { service: database, reads } = needs.pools
  const onDue = () => {
    sending.nudge()
    sweeping.nudge()
  }
  warnOfLargeRequests(context)
  const api = await apiServer({
    store: batchStore(database, {
      reads,
      onDue,
      events: settings.clickhouseUrl !== undefined,
    }),
    uploads: uploadStore(database, { onDue, reads }),
    stopping,
    suppressions: suppressionStore(database, reads),
    deadLetters: deadLetterStore(database, onDue, reads),
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
      answers.note(route, status, seconds, performance.now())
    },
  })
  // Before that every request would be refused, however well the database is.
  await health.looked
  await api.listen(settings.httpPort)
  log.info({ httpPort: settings.httpPort, internalPort: settings.internalPort, worker }, 'serving')
  const finish = async () => {
    await once(stopping, 'abort')
    await sleep(LISTEN_ON_MS)
    await api.close()
  }
  return { finished: finish() }
}

function warnOfLargeRequests({ settings: { maxRequestSizeBytes }, memory, log }: Context): void {
  const largest = largestRequestBytes(memory)
  if (maxRequestSizeBytes <= largest) return
  log.error(
    { maxRequestSizeBytes, memoryBytes: memory.limitBytes },
    `requests of that size need 50 times as much memory: some above ${largest} bytes are refused with 413`,
  )
}
