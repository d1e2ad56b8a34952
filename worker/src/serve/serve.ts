/** The worker put together: settings → parts, each of which may need those before it → an orderly end. */
import type { Logger } from '../log.ts'
import type { Settings } from '../settings.ts'
import { openProvider } from '../providers/index.ts'
import { Parts } from '../runtime/parts.ts'
import { openApi } from './api.ts'
import { contextOf } from './context.ts'
import { watchContinuity } from './continuity.ts'
import { openEvents } from './events.ts'
import { openFeatures } from './features.ts'
import { watchGauges } from './gauges.ts'
import { watchHealth } from './health.ts'
import { openHousekeeping } from './housekeeping.ts'
import { openInternal } from './internal.ts'
import { openLimits } from './limits.ts'
import { openPostgres } from './postgres.ts'
import { openQueue } from './queue.ts'
import { openRefusals } from './refusals.ts'
import { openSending } from './sending.ts'
import { openSharing } from './sharing.ts'
import { openSweeping } from './sweeping.ts'
import { openTelling } from './telling.ts'
import { openTokens } from './tokens.ts'
import { openUnsubscribing } from './unsubscribing.ts'
import { openWebhooks } from './webhooks.ts'

export interface Worker {
  /** Claims no more, finishes what is under way, writes it, closes. */
  stop(): Promise<void>
}

/**
 * At the end all parts stop at once and are closed from the last line to the first: refusals are written while there is
 * a database, and it can be seen that the worker stops until nearly all of it has.
 * @throws what one of the parts did; nothing of the others is left open
 */
export async function serve(settings: Settings, log: Logger): Promise<Worker> {
  const parts = new Parts()
  const context = contextOf(settings, log, parts.stopping)
  const { tuning } = context

  const pools = await parts.open(() => openPostgres(context))
  const internal = await parts.open(() => openInternal(context))
  const queue = await parts.open(() => openQueue(context))
  const provider = await parts.open(() => openProvider(context.settings, tuning.concurrency))
  const tokens = await parts.open(() => openTokens(context))
  const features = await parts.open(() => openFeatures(context))
  const limits = await parts.open(() => openLimits(context, { pools }))
  const unsubscribe = await parts.open(() => openUnsubscribing(context))
  const health = await parts.open(() => watchHealth(context, { pools }))
  const events = await parts.open(() => openEvents(context, { pools }))
  const continuity = await parts.open(() => watchContinuity(context, { pools, provider, health }))
  const sweeping = await parts.open(() => openSweeping(context, { pools, queue, health }))
  const sending = await parts.open(() =>
    openSending(context, { pools, continuity, queue, sweeping, provider, features, unsubscribe, health }),
  )
  const webhooks = await parts.open(() => openWebhooks(context, { pools, health }))
  await parts.open(() => openSharing(context, { pools, sending, webhooks, health }))
  await parts.open(() => openHousekeeping(context, { pools }))
  const refusals = await parts.open(() => openRefusals(context, { pools }))
  await parts.open(() => watchGauges(context, { pools, queue, sending, events, webhooks, health }))
  await parts.open(() =>
    openTelling(context, {
      internal,
      pools,
      health,
      queue,
      sending,
      provider,
      features,
      events,
      webhooks,
    }),
  )
  await parts.open(() =>
    openApi(context, { pools, health, sweeping, sending, tokens, limits, unsubscribe, webhooks, refusals }),
  )
  return { stop: () => parts.close() }
}
