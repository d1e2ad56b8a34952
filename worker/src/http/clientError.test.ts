import { expect, test } from 'vitest'
import { answerOf } from './clientError.ts'

test.each([
  ['HPE_INVALID_METHOD', 400, 'malformed-request'],
  ['HPE_HEADER_OVERFLOW', 431, 'headers-too-large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408, 'request-timeout'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413, 'request-too-large'],
])('%s is told as %i', (code, status, type) => {
  const [head = '', body = ''] = answerOf(code, 'the-id')?.split('\r\n\r\n') ?? []
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [A-Z]`))
  expect(head).toContain('x-request-id: the-id')
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`)
  expect(JSON.parse(body)).toMatchObject({
    type: `https://batchsender.io/problems/${type}`,
    instance: 'the-id',
    status,
  })
})

test('nobody is told who is gone', () => {
  expect(answerOf('ECONNRESET', 'x')).toBeUndefined()
})
