import { expect, test } from 'vitest'
import type { HttpFailure } from './refusals.ts'
import { classifyRefusal } from './refusals.ts'
import { neverSent } from './neverSent.ts'

const failure = (
  provider: HttpFailure['provider'],
  name: string | undefined,
  status: number | undefined,
) => ({
  provider,
  name,
  status,
  message: 'words',
  neverSent: false,
})

test.each<[HttpFailure['provider'], string | undefined, number | undefined, string]>([
  ['ses', 'TooManyRequestsException', 429, 'throttle'],
  ['ses', 'ACCOUNT_DAILY_QUOTA_EXCEEDED', 400, 'quota'],
  ['ses', 'AccountSuspendedException', 400, 'account'],
  ['ses', 'SendingPausedException', 400, 'account'],
  ['ses', 'UnrecognizedClientException', 403, 'account'],
  ['ses', 'MailFromDomainNotVerifiedException', 400, 'sender'],
  ['ses', 'NotFoundException', 404, 'sender'],
  ['ses', 'MessageRejected', 400, 'transient'],
  ['ses', 'BadRequestException', 400, 'transient'],
  ['ses', undefined, 404, 'unreachable'],
  ['ses', 'InternalServiceError', 500, 'ambiguous'],
  ['ses', undefined, undefined, 'ambiguous'],
  ['resend', 'rate_limit_exceeded', 429, 'throttle'],
  ['resend', 'daily_quota_exceeded', 429, 'quota'],
  ['resend', 'monthly_quota_exceeded', 429, 'quota'],
  ['resend', 'invalid_api_key', 403, 'account'],
  ['resend', 'restricted_api_key', 401, 'account'],
  ['resend', 'missing_api_key', 401, 'account'],
  ['resend', 'invalid_from_address', 422, 'sender'],
  ['resend', 'validation_error', 400, 'transient'],
  ['resend', 'validation_error', 401, 'account'],
  ['resend', 'validation_error', 403, 'account'],
  ['resend', 'something_new', 402, 'account'],
  ['resend', 'invalid_attachment', 422, 'transient'],
  ['resend', 'concurrent_idempotent_requests', 409, 'transient'],
  ['resend', 'invalid_idempotent_request', 409, 'mismatch'],
  ['resend', 'application_error', 500, 'ambiguous'],
  ['resend', 'something_new', 429, 'throttle'],
])('%s: %s with %s is %s', (provider, name, status, retryClass) => {
  expect(classifyRefusal(failure(provider, name, status)).retryClass).toBe(retryClass)
})

const SANDBOX =
  'Email address is not verified. The following identities failed the check in region EU-WEST-1: '

test.each<[HttpFailure['provider'], string, number, string, string]>([
  ['ses', 'MessageRejected', 400, `${SANDBOX}shop@example.org`, 'sender'],
  ['ses', 'MessageRejected', 400, `${SANDBOX}ann@example.net`, 'account'],
  ['ses', 'MessageRejected', 400, 'Address blacklisted.', 'recipient'],
  ['ses', 'MessageRejected', 400, 'Message rejected: contains a virus', 'transient'],
  ['ses', 'BadRequestException', 400, 'Configuration is invalid', 'transient'],
  ['ses', 'BadRequestException', 400, 'Sending suspended for your account', 'account'],
  [
    'resend',
    'validation_error',
    403,
    'The example.org domain is not verified. Please, add and verify your domain',
    'sender',
  ],
  [
    'resend',
    'validation_error',
    403,
    'You can only send testing emails to your own email address',
    'account',
  ],
  [
    'resend',
    'validation_error',
    422,
    'Invalid `to` field. The email address needs to follow the format',
    'recipient',
  ],
  [
    'resend',
    'validation_error',
    422,
    'Invalid `from` field. The email address needs to follow the format',
    'sender',
  ],
  ['resend', 'validation_error', 422, 'The `subject` is corporate', 'transient'],
])('%s: %s with %s and the words %j is %s', (provider, name, status, message, retryClass) => {
  const mail = { from: 'shop@example.org', to: 'ann@example.net' }
  expect(classifyRefusal({ ...failure(provider, name, status), message, mail })).toMatchObject({
    retryClass,
    stage: 'api',
    replyCode: status,
    detail: message,
  })
})

test('the daily quota of SES is told from its rate by the words', () => {
  const { retryClass } = classifyRefusal({
    ...failure('ses', 'TooManyRequestsException', 429),
    message: 'Daily message quota exceeded.',
  })
  expect(retryClass).toBe('quota')
})

test('the code that users see is ours, the provider’s words are kept apart', () => {
  expect(classifyRefusal(failure('ses', 'TooManyRequestsException', 429))).toMatchObject({
    code: 'ses_too_many_requests',
    detail: 'words',
  })
  expect(classifyRefusal(failure('resend', '<b>secret.internal</b>', 400)).code).toBe('resend_400')
})

test.each<[string, Error, boolean]>([
  ['refused', Object.assign(new Error(), { code: 'ECONNREFUSED' }), true],
  ['an unknown host inside fetch', new TypeError('fetch failed', { cause: { code: 'x' } }), false],
  [
    'a refusal inside fetch',
    new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) }),
    true,
  ],
  ['a bad certificate', Object.assign(new Error(), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), true],
  ['a reset', Object.assign(new Error(), { code: 'ECONNRESET' }), false],
  ['silence', new DOMException('', 'TimeoutError'), false],
  [
    'both families refused',
    new AggregateError([
      Object.assign(new Error(), { code: 'ECONNREFUSED' }),
      Object.assign(new Error(), { code: 'ENETUNREACH' }),
    ]),
    true,
  ],
])('whether anything was sent: %s', (_, error, expected) => {
  expect(neverSent(error)).toBe(expected)
})
