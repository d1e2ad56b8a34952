import { expect, it } from 'vitest'
import type { FastifyRequest } from 'fastify'
import { auditOf } from './audit.ts'

interface Asked {
  readonly ip?: string
  readonly remoteAddress?: string
  readonly userAgent?: string
}

const request = ({ ip = '192.0.2.1', remoteAddress, userAgent }: Asked): FastifyRequest =>
  ({
    id: 'r-1',
    userId: 'alice',
    ip,
    socket: { remoteAddress },
    headers: { 'user-agent': userAgent },
  }) as never

const told = (asked: Asked, resource = '/v1/batches/1', metadata = {}) =>
  auditOf(request(asked), 'batch.created', resource, metadata)

it('says who did what, of what and from where, and under which request the log tells more', () => {
  expect(told({ userAgent: 'curl/8' }, '/v1/batches/1', { recipients: 3 })).toEqual({
    action: 'batch.created',
    userId: 'alice',
    resource: '/v1/batches/1',
    metadata: { recipients: 3, requestId: 'r-1' },
    ip: '192.0.2.1',
    userAgent: 'curl/8',
  })
  expect(told({}).userAgent).toBe('')
})

it('takes the id of the request from nobody else', () => {
  expect(told({}, '/', { requestId: 'forged' }).metadata).toEqual({ requestId: 'r-1' })
})

it.each([
  { ip: '::ffff:192.0.2.1', is: '192.0.2.1' },
  { ip: '2001:db8::1', is: '2001:db8::1' },
  { ip: 'garbage', is: '198.51.100.7' },
  { ip: 'fe80::1%garbage', is: '198.51.100.7' },
])('takes $ip for the address $is when a proxy hands it on', ({ ip, is }) => {
  expect(told({ ip, remoteAddress: '::ffff:198.51.100.7' }).ip).toBe(is)
})

it('has an address although nobody is there any more', () => {
  expect(told({ ip: 'garbage' }).ip).toBe('')
})

it.each([
  { why: 'no byte that PostgreSQL refuses', text: 'a\0b', is: 'ab' },
  { why: 'no half of a character', text: 'a\uD800b', is: 'a\uFFFDb' },
  { why: 'not more than a person reads', text: 'x'.repeat(600), is: 'x'.repeat(500) },
  {
    why: 'no half of a character where it is cut',
    text: `${'x'.repeat(499)}😀`,
    is: `${'x'.repeat(499)}\uFFFD`,
  },
])('keeps $why', ({ text, is }) => {
  const { resource, userAgent } = told({ userAgent: text }, text)
  expect([resource, userAgent]).toEqual([is, is])
})
