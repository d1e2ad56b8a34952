/** From where on alerts fire and `MailFlowing` turns, with every default filled in. */
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import type { MailLimits } from '../../../../crds/mailLimits.ts'
import { MAIL_LIMITS } from '../../../../crds/mailLimits.ts'
import { parseDurationMs } from './durations.ts'

export interface Thresholds {
  readonly errorRatePercent: number
  readonly stuckBatchSeconds: number
  readonly backlog: number
  readonly apiP95Seconds: number
  readonly providerAwaySeconds: number
  readonly outboxSeconds: number
  /** Per cent, as a text. */
  readonly availability: string
}

const WEEK_SECONDS = 604_800
const RENEW_BEFORE = '720h'

/** Those of the schema. */
const DEFAULTS = {
  errorRatePercent: 5,
  stuckBatchAge: '15m',
  backlog: 10_000,
  apiP95Milliseconds: 500,
  providerAway: '2m',
  outboxAge: '15m',
}

type Spec = Pick<BatchSenderSpec, 'monitoring' | 'objectives'>

/** @param spec unset: for BatchSenders of which nothing is known */
export function thresholdsOf(spec?: Spec): Thresholds {
  const given = { ...DEFAULTS, ...spec?.monitoring?.rules?.thresholds }
  return {
    errorRatePercent: given.errorRatePercent,
    stuckBatchSeconds: seconds(given.stuckBatchAge),
    backlog: given.backlog,
    apiP95Seconds: given.apiP95Milliseconds / 1_000,
    providerAwaySeconds: seconds(given.providerAway),
    outboxSeconds: seconds(given.outboxAge),
    availability: spec?.objectives?.availability ?? '99.9',
  }
}

/** What the condition turns at: the same as the alerts, which are told of later. */
export function mailLimits(spec: Spec): MailLimits {
  const { stuckBatchSeconds, errorRatePercent, backlog } = thresholdsOf(spec)
  return {
    ...MAIL_LIMITS,
    standstillSeconds: stuckBatchSeconds,
    refused: { ...MAIL_LIMITS.refused, part: errorRatePercent / 100 },
    queueDepth: backlog,
  }
}

/** How long before its end a certificate is late: half of the time in which it should have been renewed, a week at most. */
export const renewalLateSeconds = (spec: Pick<BatchSenderSpec, 'nats'>): number =>
  Math.min(WEEK_SECONDS, seconds(spec.nats.tls?.renewBefore ?? RENEW_BEFORE) / 2)

const seconds = (duration: string) => parseDurationMs(duration) / 1_000
