/** Gauges that have to be looked up. */
import type { BodyBudgets } from '../http/bodyBudgets.ts'
import type { Metrics } from '../metrics.ts'
import type { Part } from '../runtime/parts.ts'
import type { Provider, Switches } from '../sending/ports.ts'
import type { WakeupPublisher } from '../sending/sweep.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import type { Events } from './events.ts'
import type { Health } from './health.ts'
import type { Sending } from './sending.ts'
import type { Webhooks } from './webhooks.ts'
import { spanMs } from '../sending/providerOutage.ts'
import { repeat } from '../runtime/repeat.ts'
import { countDeadLetters } from '../store/deadLetters.ts'
import { oldestInFlightSeconds } from '../store/oldestInFlight.ts'
import { standstillSeconds } from '../store/standstill.ts'
import { openBatches, openRecipients, uncertainRecipients } from '../store/workFigures.ts'

const LOOK_EVERY_MS = 10_000

export interface GaugesNeeds {
  readonly pools: Pick<Pools, 'service'>
  readonly queue: Pick<WakeupPublisher, 'isConnected' | 'depth'>
  readonly sending: Pick<Sending, 'inFlight'>
  readonly events: Events
  readonly webhooks: Pick<Webhooks, 'effects'>
  readonly health: Pick<Health, 'served'>
}

/** What a look does not come to keeps its last figure. */
export function watchGauges(context: Context, needs: GaugesNeeds): Part {
  const { metrics, stopping, log } = context
  const looks = looksOf(context, needs)
  return repeat({
    everyMs: LOOK_EVERY_MS,
    stopping,
    ready: needs.health.served,
    work: async () => {
      metrics.inFlight.set(needs.sending.inFlight())
      await Promise.all([
        inTurn(looks, (error, name) => {
          log.debug({ err: error, figure: name }, 'a figure cannot be looked up')
        }),
        observeQueue(metrics, needs),
      ])
    },
    onError: () => undefined,
  })
}

export type Looks = Readonly<Record<string, () => Promise<void>>>

/** One after the other, so that they take one connection at a time; one that fails keeps no other from being looked up. */
export async function inTurn(looks: Looks, onError: (error: unknown, name: string) => void): Promise<void> {
  for (const [name, look] of Object.entries(looks)) {
    try {
      await look()
    } catch (error) {
      onError(error, name)
    }
  }
}

function looksOf({ metrics, settings }: Context, { pools, events, webhooks }: GaugesNeeds): Looks {
  const { service: database } = pools
  return {
    oldestInFlight: async () => {
      metrics.oldestInFlight.set(await oldestInFlightSeconds(database))
    },
    standstill: async () => {
      metrics.standstill.set(await standstillSeconds(database))
    },
    batches: async () => {
      for (const [state, count] of Object.entries(await openBatches(database)))
        metrics.batches.set({ state }, count)
    },
    recipients: async () => {
      for (const [state, count] of Object.entries(await openRecipients(database)))
        metrics.recipients.set({ state }, count)
    },
    uncertain: async () => {
      metrics.uncertainRecipients.set(await uncertainRecipients(database))
    },
    deadLetters: async () => {
      metrics.deadLetters.set(await countDeadLetters(database))
    },
    events: async () => {
      const { rows, oldestSeconds } = await events.outbox.backlog()
      metrics.eventBacklog.set(rows)
      metrics.eventLag.set(oldestSeconds)
    },
    audit: async () => {
      // Without a ClickHouse nothing is on its way.
      const isHandedOver = settings.clickhouseUrl !== undefined
      const { rows, oldestSeconds } = isHandedOver
        ? await events.audit.backlog()
        : { rows: 0, oldestSeconds: 0 }
      metrics.auditBacklog.set(rows)
      metrics.auditLag.set(oldestSeconds)
    },
    webhooks: async () => {
      const { rows, oldestSeconds } = await webhooks.effects.backlog()
      metrics.webhookBacklog.set(rows)
      metrics.webhookLag.set(oldestSeconds)
    },
  }
}

async function observeQueue(metrics: Metrics, { queue }: GaugesNeeds): Promise<void> {
  const depth = queue.isConnected() ? await queue.depth() : undefined
  if (depth !== undefined) metrics.queueDepth.set(depth)
}

/** At the moment of the scrape: a pool is exhausted for seconds, not for as long as one looks at other figures. */
export function observePool({ poolTotal, poolIdle, poolWaiting }: Metrics, pools: Pick<Pools, 'pool'>): void {
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

export interface ObservedProvider {
  readonly provider: Pick<Provider, 'name'>
  readonly sending: Pick<Sending, 'isClosed' | 'lately'>
  readonly features: Pick<Switches, 'isPaused'>
}

const PROVIDER_STATES = ['open', 'closed', 'paused'] as const

/** As this worker alone sees it: another one may have a way that this one has not. */
export async function observeProvider(
  { providerState, providerClosed }: Metrics,
  { provider: { name: provider }, sending, features }: ObservedProvider,
): Promise<void> {
  const { outage } = sending.lately()
  const isClosed = outage !== undefined || sending.isClosed()
  const present = (await features.isPaused()) ? 'paused' : isClosed ? 'closed' : 'open'
  for (const state of PROVIDER_STATES) providerState.set({ provider, state }, state === present ? 1 : 0)
  providerClosed.set({ provider }, outage === undefined ? 0 : spanMs(outage) / 1_000)
}
