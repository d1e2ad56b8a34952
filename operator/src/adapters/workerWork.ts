/**
 * What a worker tells of mail, audit log and webhooks, cut down to what turns: names by pattern, numbers finite, and what
 * is not of that form as if it had not been told.
 */
import type {
  ApiSeen,
  Level,
  MailSeen,
  ProviderClosed,
  Waiting,
  WebhooksSeen,
} from '../components/worker/seen.ts'
import type { MailLimits } from '../../../crds/mailLimits.ts'
import { API_LIMITS } from '../../../crds/apiLimits.ts'
import { MAIL_LIMITS } from '../../../crds/mailLimits.ts'

const NAME = /^[A-Za-z0-9_.-]{1,64}$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/
const MOST = Number.MAX_SAFE_INTEGER
const HOUR_MS = 3_600_000

export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

function numberAt(value: unknown, name: string): number | undefined {
  const found = field(value, name)
  return typeof found === 'number' && Number.isFinite(found) && found >= 0 && found <= MOST
    ? found
    : undefined
}

function nameAt(value: unknown, name: string): string | undefined {
  const found = field(value, name)
  return typeof found === 'string' && NAME.test(found) ? found : undefined
}

/** To the second: the same for as long as it is the same. */
function instantAt(value: unknown, name: string): string | undefined {
  const found = field(value, name)
  if (typeof found !== 'string' || !INSTANT.test(found) || Number.isNaN(Date.parse(found))) return undefined
  return `${found.slice(0, 19)}Z`
}

function levelOf(value: number, limit: number): Level {
  if (value > limit) return 'much'
  return value > limit * MAIL_LIMITS.relief ? 'near' : 'little'
}

/** @returns undefined when the figures are not there, which an older worker does not tell */
export function mailOf(evidence: unknown, limits: MailLimits): MailSeen | undefined {
  const work = field(evidence, 'work')
  const deadLetters = numberAt(work, 'deadLetters')
  const uncertain = numberAt(work, 'uncertain')
  if (deadLetters === undefined || uncertain === undefined) return undefined
  const closed = closedOf(field(evidence, 'provider'), limits)
  const stuckSince = stuckOf(field(work, 'standstill'), limits)
  return {
    paused: field(field(evidence, 'provider'), 'state') === 'paused',
    ...(closed && { closed }),
    deadLetters: deadLetters > 0,
    inDoubt: uncertain > 0,
    ...(stuckSince !== undefined && { stuckSince }),
    ...refusedOf(field(work, 'attempts'), limits),
    backlog: levelOf(numberAt(work, 'queueDepth') ?? 0, limits.queueDepth),
  }
}

function closedOf(provider: unknown, { closedSeconds }: MailLimits): ProviderClosed | undefined {
  const closed = field(provider, 'closed')
  const [since, seconds] = [instantAt(closed, 'since'), numberAt(closed, 'seconds')]
  const retryClass = nameAt(closed, 'class')
  if (since === undefined || seconds === undefined || retryClass === undefined) return undefined
  const code = nameAt(closed, 'code')
  return {
    since,
    retryClass,
    ...(code !== undefined && { code }),
    ofAll: (numberAt(closed, 'workers') ?? 0) >= (numberAt(closed, 'of') ?? 0),
    lasting: seconds >= closedSeconds,
  }
}

function stuckOf(standstill: unknown, { standstillSeconds }: MailLimits): string | undefined {
  const seconds = numberAt(standstill, 'seconds') ?? 0
  return seconds > standstillSeconds ? instantAt(standstill, 'since') : undefined
}

/** Of too few to raise anything the share still tells whether what was raised is over. */
function shareOf(some: number, all: number, limit: number, least: number): Level {
  if (all === 0) return 'little'
  const share = levelOf(some / all, limit)
  return share === 'much' && all < least ? 'near' : share
}

function refusedOf(attempts: unknown, limits: MailLimits): Pick<MailSeen, 'refused' | 'mostRefused'> {
  const [made, refused] = [numberAt(attempts, 'made') ?? 0, numberAt(attempts, 'refused') ?? 0]
  const level = shareOf(refused, made, limits.refused.part, limits.refused.attempts)
  const most = nameAt(attempts, 'mostRefused')
  return { refused: level, ...(level !== 'little' && most !== undefined && { mostRefused: most }) }
}

/** @returns undefined as well of what is late since nobody knows when, which an older worker does not tell */
function waitingOf(backlog: unknown): Waiting | undefined {
  const seconds = numberAt(backlog, 'oldestSeconds')
  if (seconds === undefined) return undefined
  if (seconds <= MAIL_LIMITS.lateSeconds) return {}
  const since = instantAt(backlog, 'since')
  return since === undefined ? undefined : { since }
}

export const auditOf = (evidence: unknown): Waiting | undefined =>
  waitingOf(field(field(evidence, 'outboxLag'), 'audit'))

/** @returns undefined of a worker of before, which does not tell */
export function apiOf(evidence: unknown): ApiSeen | undefined {
  const api = field(evidence, 'api')
  const answered = numberAt(api, 'answered')
  if (answered === undefined) return undefined
  const level = (name: string) =>
    shareOf(numberAt(api, name) ?? 0, answered, API_LIMITS.part, API_LIMITS.answers)
  return { slow: level('slow'), failed: level('failed') }
}

const FORGERY = ['genuine', 'forged', 'unavailable', 'ignored'] as const

export function webhooksOf(evidence: unknown, now: Date): WebhooksSeen | undefined {
  const webhooks = field(evidence, 'webhooks')
  const forgery = FORGERY.find((kind) => kind === field(webhooks, 'forgery'))
  const inbox = waitingOf(field(webhooks, 'inbox'))
  if (forgery === undefined || inbox === undefined) return undefined
  const forgedAt = instantAt(webhooks, 'forgedAt')
  return {
    forgery,
    verified: instantAt(webhooks, 'verifiedAt') !== undefined,
    forged: forgedAt !== undefined && now.getTime() - Date.parse(forgedAt) < HOUR_MS,
    inbox,
  }
}
