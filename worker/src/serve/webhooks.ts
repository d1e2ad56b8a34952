/** Takes webhooks of providers, and gives them their effect. */
import type { Part } from '../runtime/parts.ts'
import type { Pools } from '../store/pools.ts'
import type { Applied, Incoming, WebhookEffects } from '../webhooks/ports.ts'
import type { Received, Receiver } from '../webhooks/receiver.ts'
import type { Context } from './context.ts'
import type { Health } from './health.ts'
import { releaseLease, takeLease } from '../store/lease.ts'
import { webhookEffects } from '../store/webhookEffects.ts'
import { webhookStore } from '../store/webhookInbox.ts'
import { applyLoop } from '../webhooks/applyLoop.ts'
import { fetchText } from '../webhooks/fetchText.ts'
import { sampleOf, type SnsSample } from '../webhooks/forgery.ts'
import { GroupCommit } from '../webhooks/groupCommit.ts'
import { resendReceiver, sesReceiver } from '../webhooks/receiver.ts'
import { RESEND_EVENTS } from '../webhooks/resendEvent.ts'
import { SES_EVENTS } from '../webhooks/sesEvent.ts'
import { parseSigningCertificate } from '../webhooks/signingCertificate.ts'
import { signingKeys } from '../webhooks/signingKeys.ts'
import { openWebhookSecrets } from '../webhooks/webhookSecrets.ts'

/** Providers give up after 15 s. */
const PATIENCE_MS = 10_000
const GROUP = 500
const MAX_WAITING = 5_000
const FETCH = { timeoutMs: 5_000, maxBytes: 65_536 }
const APPLY_EVERY_MS = 500
const LOT = 1_000
const LEASE = 'webhook-effects'
const LEASE_SECONDS = 30
const TELL_EVERY_MS = 10_000

export interface WebhooksNeeds {
  readonly pools: Pick<Pools, 'service'>
  readonly health: Pick<Health, 'served'>
}

export interface Webhooks {
  readonly receivers: Readonly<Record<string, Receiver>>
  readonly effects: WebhookEffects
  readonly onReceived: (provider: string, received: Received) => void
  /** What a message of SNS may be made of that is refused for its signature alone, once one came. */
  snsSample(): SnsSample | undefined
  /** When a forged one was turned away last; unset = none since the start. */
  forgedAt(): Date | undefined
}

export async function openWebhooks(context: Context, needs: WebhooksNeeds): Promise<Webhooks & Part> {
  const { settings, log } = context
  const { service: database } = needs.pools
  const store = webhookStore(database)
  const commit = new GroupCommit<Incoming>({
    write: (group) => store.take(group),
    groupSize: GROUP,
    maxWaiting: MAX_WAITING,
    patienceMs: PATIENCE_MS,
  })
  const take = (message: Incoming) => commit.write(message)
  const secrets =
    settings.resendWebhookSecretsDir === undefined
      ? undefined
      : await openWebhookSecrets(settings.resendWebhookSecretsDir, (error) => {
          log.error({ err: error }, 'the webhook secrets cannot be read')
        })
  const effects = webhookEffects(database, { events: settings.clickhouseUrl !== undefined })
  const tell = teller(context)
  const ses = settings.sesTopicArns && sesOf(context, settings.sesTopicArns, take)
  let forgedAt: Date | undefined
  return {
    receivers: {
      ...(ses && { ses: ses.receive }),
      ...(secrets && {
        resend: resendReceiver({ secrets: () => secrets.keys(), take, now: () => new Date() }),
      }),
    },
    effects,
    onReceived: (provider, received) => {
      if (received.kind === 'forged') forgedAt = new Date()
      tell(provider, received)
    },
    snsSample: () => ses?.sample(),
    forgedAt: () => forgedAt,
    finished: applying(context, needs, effects),
    close: () => secrets?.close(),
  }
}

function sesOf(
  { settings, tuning, log }: Context,
  topicArns: readonly string[],
  take: (message: Incoming) => Promise<void>,
): { readonly receive: Receiver; sample(): SnsSample | undefined } {
  const dial = (url: string) =>
    tuning.snsOrigin === undefined ? url : url.replace(/^https:\/\/[^/]+/, tuning.snsOrigin)
  const warn = (message: string) => (error: unknown) => {
    log.warn({ err: error }, message)
  }
  const keys = signingKeys({
    fetchCertificate: (url) => fetchText(dial(url), FETCH),
    parse: parseSigningCertificate,
    now: () => new Date(),
    elapsedMs: () => performance.now(),
    onFailed: warn('the certificate of SNS cannot be had'),
  })
  const receive = sesReceiver({
    rules: { topicArns, signatures: settings.sesSignatures },
    keys,
    take,
    confirm: async (url) => {
      await fetchText(dial(url), FETCH).catch((error: unknown) => {
        warn('a subscription cannot be confirmed')(error)
        throw error
      })
      log.info('a subscription to a topic of SNS was confirmed')
    },
    now: () => new Date(),
  })
  return { receive, sample: () => sampleOf(topicArns, keys.urls()) }
}

function applying(
  { log, metrics, worker, stopping }: Context,
  { pools, health }: WebhooksNeeds,
  effects: WebhookEffects,
): Promise<void> {
  const { service: database } = pools
  const loop = applyLoop({
    effects,
    isMine: () => takeLease(database, LEASE, worker, LEASE_SECONDS),
    everyMs: APPLY_EVERY_MS,
    lot: LOT,
    ready: health.served,
    stopping,
    onApplied: ({ looked, unknown, healed }: Applied) => {
      metrics.webhooksUnknown.inc(unknown)
      metrics.healed.inc(healed)
      log.debug({ looked, unknown, healed }, 'events of the provider applied')
    },
    onError: (error) => {
      log.warn({ err: error }, 'events of the provider wait')
    },
  })
  return loop.then(() => releaseLease(database, LEASE, worker)).catch(() => undefined)
}

const OF_SNS = ['Notification']
const TYPES = new Set([
  ...OF_SNS,
  ...SES_EVENTS,
  ...RESEND_EVENTS,
  'SubscriptionConfirmation',
  'UnsubscribeConfirmation',
])

/** Counts everything, and tells now and then why something was refused: a wrong secret would show in nothing else. */
function teller({ log, metrics }: Context): Webhooks['onReceived'] {
  let toldAt = 0
  return (provider, received) => {
    const type = received.kind === 'genuine' ? received.value.type : ''
    const result = received.kind === 'genuine' ? 'taken' : received.kind
    metrics.webhooks.inc({ provider, type: type === '' || TYPES.has(type) ? type : 'other', result })
    if (type === 'UnsubscribeConfirmation') log.warn({ provider }, 'the topic was unsubscribed')
    if (received.kind === 'genuine' || Date.now() < toldAt + TELL_EVERY_MS) return
    toldAt = Date.now()
    log.warn(
      { provider, result, why: received.why },
      received.kind === 'ignored' ? 'a webhook tells nothing' : 'a webhook was refused',
    )
  }
}
