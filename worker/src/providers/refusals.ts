/** What the refusals of the HTTP providers mean: one table for each, by the provider's own name of the error. */
import type { Outcome } from '../sending/ports.ts'
import type { RetryClass } from '../domain/retryClasses.ts'

export interface HttpFailure {
  readonly provider: 'ses' | 'resend'
  /** The provider's name of the error; undefined when no answer came. */
  readonly name: string | undefined
  readonly status: number | undefined
  readonly message: string
  /** The connection failed before anything of the request could be written. */
  readonly neverSent: boolean
  readonly retryAfterMs?: number | undefined
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
  recipient: ['MessageRejected', 'MESSAGE_REJECTED', 'BadRequestException'],
}

const RESEND: Names = {
  throttle: ['rate_limit_exceeded'],
  quota: ['daily_quota_exceeded', 'monthly_quota_exceeded'],
  account: ['invalid_api_key', 'restricted_api_key', 'missing_api_key'],
  sender: ['invalid_from_address'],
  recipient: ['validation_error', 'invalid_attachment', 'missing_required_field', 'invalid_parameter'],
  transient: ['concurrent_idempotent_requests'],
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

const DAILY_QUOTA = /daily (message )?quota exceeded/i

/** An answer that the tables do not name goes by its status; no answer at all may have been an acceptance. */
export function classifyRefusal(failure: HttpFailure): Outcome {
  const { provider, name, status, message, retryAfterMs } = failure
  return {
    retryClass: retryClassOf(failure),
    code: `${provider}_${codeOf(name) ?? status ?? 'no_answer'}`,
    detail: message,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

function retryClassOf({ provider, name, status, message, neverSent }: HttpFailure): RetryClass {
  if (neverSent) return 'unreachable'
  if (status !== undefined && status < 500 && DAILY_QUOTA.test(message)) return 'quota'
  const known = name === undefined ? undefined : BY_NAME[provider].get(name)
  return known ?? byStatus(status)
}

function byStatus(status: number | undefined): RetryClass {
  if (status === undefined || status >= 500 || status < 400) return 'ambiguous'
  if (status === 401 || status === 403) return 'account'
  if (status === 429) return 'throttle'
  return status === 408 ? 'ambiguous' : 'recipient'
}

/** `TooManyRequestsException` becomes `too_many_requests`. Only names that look like one are shown to users. */
function codeOf(name: string | undefined): string | undefined {
  if (name === undefined || !/^[A-Za-z_]{3,64}$/.test(name)) return undefined
  const words = name.replace(/Exception$/, '').replace(/([a-z])([A-Z])/g, '$1_$2')
  return words.toLowerCase()
}
