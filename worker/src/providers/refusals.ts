/**
 * What the refusals of the HTTP providers mean: by the status where it leaves nothing open, then by the provider's own
 * name of the error, and by words where the name is one for everything.
 */
import type { Outcome } from '../sending/ports.ts'
import type { RetryClass } from '../domain/retryClasses.ts'
import { parseProviderMessageId } from '../domain/providerMessageId.ts'
import type { Topic } from './replyWords.ts'
import { isSandboxed, topicOf } from './replyWords.ts'

export interface HttpFailure {
  readonly provider: 'ses' | 'resend'
  /** The provider's name of the error; undefined when no answer came. */
  readonly name: string | undefined
  readonly status: number | undefined
  readonly message: string
  /** The connection failed before anything of the request could be written. */
  readonly neverSent: boolean
  readonly retryAfterMs?: number | undefined
  readonly mail?: { readonly from: string; readonly to: string }
}

type Names = Readonly<Partial<Record<RetryClass, readonly string[]>>>

/** Names as `SendEmail` of the SES API v2 and AWS's front give them. */
const SES: Names = {
  throttle: ['TooManyRequestsException', 'ThrottlingException', 'Throttling', 'ACCOUNT_THROTTLED'],
  quota: ['ACCOUNT_DAILY_QUOTA_EXCEEDED', 'LimitExceededException'],
  account: [
    'AccountSuspendedException',
    'SendingPausedException',
    'ACCOUNT_SENDING_PAUSED',
    'ACCOUNT_SUSPENDED',
    'CONFIGURATION_SET_SENDING_PAUSED',
    'AccessDeniedException',
    'UnrecognizedClientException',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'SignatureDoesNotMatch',
    'ExpiredTokenException',
    'MissingAuthenticationTokenException',
  ],
  sender: [
    'MailFromDomainNotVerifiedException',
    'MAIL_FROM_DOMAIN_NOT_VERIFIED',
    'NotFoundException',
    'TEMPLATE_DOES_NOT_EXIST',
    'CONFIGURATION_SET_DOES_NOT_EXIST',
  ],
}

const RESEND: Names = {
  throttle: ['rate_limit_exceeded'],
  quota: ['daily_quota_exceeded', 'monthly_quota_exceeded'],
  account: ['invalid_api_key', 'restricted_api_key', 'missing_api_key'],
  sender: ['invalid_from_address'],
  transient: ['concurrent_idempotent_requests', 'invalid_attachment', 'missing_required_field'],
  mismatch: ['invalid_idempotent_request', 'invalid_idempotency_key'],
}

const classesByName = (names: Names): ReadonlyMap<string, RetryClass> =>
  new Map(
    Object.entries(names).flatMap(([retryClass, list]) =>
      list.map((name) => [name, retryClass as RetryClass] as const),
    ),
  )

const BY_NAME = { ses: classesByName(SES), resend: classesByName(RESEND) } as const

/** Those of the account that are about the keys themselves, and not about what they may do. */
const KEYS = {
  ses: new Set([
    'UnrecognizedClientException',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'SignatureDoesNotMatch',
    'ExpiredTokenException',
    'MissingAuthenticationTokenException',
  ]),
  resend: new Set(['invalid_api_key', 'missing_api_key']),
} as const

/** @param name of the error as the provider gives it */
export function refusesKeys(provider: HttpFailure['provider'], name: string): boolean {
  return KEYS[provider].has(name)
}

/** An answer that the tables do not name goes by its status; no answer at all may have been an acceptance. */
export function classifyRefusal(failure: HttpFailure): Outcome {
  const { provider, name, status, message, retryAfterMs } = failure
  return {
    retryClass: retryClassOf(failure),
    code: `${provider}_${codeOf(name) ?? status ?? 'no_answer'}`,
    stage: 'api',
    ...(status !== undefined && { replyCode: status }),
    detail: message,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

/** Accepted is what has an id, even one that no column could hold: a proxy, too, may answer with a success. */
export function acceptedBy(
  provider: HttpFailure['provider'],
  status: number | undefined,
  id: unknown,
): Outcome {
  const answer = { stage: 'api', ...(status !== undefined && { replyCode: status }) } as const
  if (typeof id === 'string' && id.trim() !== '') {
    const providerMessageId = parseProviderMessageId(id)
    return {
      retryClass: 'accepted',
      ...(providerMessageId !== undefined && { providerMessageId }),
      ...answer,
    }
  }
  const detail = 'a success without the id of a mail'
  return { retryClass: 'ambiguous', code: `${provider}_no_id`, ...answer, detail }
}

function retryClassOf(failure: HttpFailure): RetryClass {
  const { provider, name, status, message } = failure
  if (failure.neverSent) return 'unreachable'
  if (status === 401) return 'account'
  const topic = topicOf(message)
  if (status !== undefined && status < 500 && topic === 'quota') return 'quota'
  const known = name === undefined ? undefined : BY_NAME[provider].get(name)
  return known ?? byStatus(failure, topic)
}

function byStatus(failure: HttpFailure, topic: Topic | undefined): RetryClass {
  const { status } = failure
  if (status === undefined || status >= 500 || status < 400) return 'ambiguous'
  const said = byWords(failure, topic)
  if (OF_THE_ACCOUNT.has(status)) return said === 'sender' || said === 'quota' ? said : 'account'
  return BY_STATUS.get(status) ?? said
}

/** Payment required, forbidden. */
const OF_THE_ACCOUNT = new Set([402, 403])

const BY_STATUS: ReadonlyMap<number, RetryClass> = new Map([
  // A path that is not there is that of another server.
  [404, 'unreachable'],
  [405, 'unreachable'],
  [408, 'ambiguous'],
  [429, 'throttle'],
])

/** Names like `validation_error` and `MessageRejected` are for everything: only words about the recipient are final. */
function byWords({ message, mail }: HttpFailure, topic: Topic | undefined): RetryClass {
  if (OF_RECIPIENT.test(message)) return 'recipient'
  if (OF_SENDER.test(message) || topic === 'sender')
    return mail !== undefined && isSandboxed(message, mail) ? 'account' : 'sender'
  return topic === undefined ? 'transient' : BY_TOPIC[topic]
}

/** Resend names the field; of SES it is its global suppression list. */
const OF_RECIPIENT = /\binvalid `?(?:to|recipient)`?(?: field| address|:)|^address (?:is )?blacklisted/i
const OF_SENDER = /\binvalid `?from`?(?: field| address|:)/i

const BY_TOPIC: Readonly<Record<Topic, RetryClass>> = {
  connections: 'throttle',
  greylisting: 'transient',
  fullMailbox: 'transient',
  quota: 'quota',
  throttle: 'throttle',
  restrictedMailbox: 'recipient',
  account: 'account',
  sender: 'sender',
  recipient: 'recipient',
  content: 'transient',
}

/** `TooManyRequestsException` becomes `too_many_requests`. Only names that look like one are shown to users. */
function codeOf(name: string | undefined): string | undefined {
  if (name === undefined || !/^[A-Za-z_]{3,64}$/.test(name)) return undefined
  const words = name.replace(/Exception$/, '').replace(/([a-z])([A-Z])/g, '$1_$2')
  return words.toLowerCase()
}
