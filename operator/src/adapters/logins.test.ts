import { expect, test } from 'vitest'
import { refusalOfClickhouse, refusalOfS3 } from './logins.ts'

const answer = (status: number, text: string) => ({ status, text, headers: {} })

test.each<[number, string, string | undefined]>([
  [
    403,
    'Code: 516. DB::Exception: all: Authentication failed: password is incorrect, or there is no user with such name.\n\nIf you have installed ClickHouse…',
    'all: Authentication failed: password is incorrect, or there is no user with such name',
  ],
  [
    403,
    'Code: 516. DB::Exception: all: Authentication failed. (AUTHENTICATION_FAILED) (version 26.7.1.1)\n',
    'all: Authentication failed',
  ],
  [403, 'Code: 193. DB::Exception: Wrong password for user all', 'Wrong password for user all'],
  [403, 'Code: 497. DB::Exception: all: Not enough privileges. (ACCESS_DENIED)', undefined],
  [401, '<html>a page of whatever is there</html>', 'HTTP 401'],
  [200, '1\n', undefined],
])('ClickHouse, %i %j', (status, text, words) => {
  expect(refusalOfClickhouse(answer(status, text))).toBe(words)
})

test.each<[number, string, string | undefined]>([
  [403, '<Error><Code>InvalidAccessKeyId</Code><Message>…</Message></Error>', 'InvalidAccessKeyId'],
  [403, '<Error><Code>SignatureDoesNotMatch</Code></Error>', 'SignatureDoesNotMatch'],
  [403, '<Error><Code>"><b>words</Code></Error>', 'HTTP 403'],
  [404, '<Error><Code>XAdminUserNotFound</Code></Error>', 'XAdminUserNotFound'],
  [404, '<Error><Code>NoSuchBucket</Code></Error>', undefined],
  [200, '<ListBucketResult/>', undefined],
])('S3, %i %j', (status, text, words) => {
  expect(refusalOfS3(answer(status, text))).toBe(words)
})

test.each([
  [301, '<Error><Code>PermanentRedirect</Code></Error>'],
  [403, '<Error><Code>RequestTimeTooSkewed</Code></Error>'],
  [404, '<html>no such page</html>'],
  [503, '<Error><Code>SlowDown</Code></Error>'],
])('%i %j is neither', (status, text) => {
  expect(() => refusalOfS3(answer(status, text))).toThrow()
})

test('a server that sends much is repeated little', () => {
  const words = refusalOfClickhouse(answer(403, `Code: 516. DB::Exception: ${'x'.repeat(10_000)}`))
  expect(words?.length).toBeLessThanOrEqual(300)
})
