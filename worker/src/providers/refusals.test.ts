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
  ['ses', 'MessageRejected', 400, 'recipient'],
  ['ses', 'BadRequestException', 400, 'recipient'],
  ['ses', 'InternalServiceError', 500, 'ambiguous'],
  ['ses', undefined, undefined, 'ambiguous'],
  ['resend', 'rate_limit_exceeded', 429, 'throttle'],
  ['resend', 'daily_quota_exceeded', 429, 'quota'],
  ['resend', 'monthly_quota_exceeded', 429, 'quota'],
  ['resend', 'invalid_api_key', 403, 'account'],
  ['resend', 'restricted_api_key', 401, 'account'],
  ['resend', 'missing_api_key', 401, 'account'],
  ['resend', 'invalid_from_address', 422, 'sender'],
  ['resend', 'validation_error', 400, 'recipient'],
  ['resend', 'invalid_attachment', 422, 'recipient'],
  ['resend', 'concurrent_idempotent_requests', 409, 'transient'],
  ['resend', 'invalid_idempotent_request', 409, 'mismatch'],
  ['resend', 'application_error', 500, 'ambiguous'],
  ['resend', 'something_new', 429, 'throttle'],
])('%s: %s with %s is %s', (provider, name, status, retryClass) => {
  expect(classifyRefusal(failure(provider, name, status)).retryClass).toBe(retryClass)
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
