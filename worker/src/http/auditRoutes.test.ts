import Fastify from 'fastify'
import { afterEach, expect, it } from 'vitest'
import type { FastifyInstance } from 'fastify'
import type { AuditPage, AuditRecord } from './ports.ts'
import { auditRoutes } from './auditRoutes.ts'
import { problemOf } from './problemOf.ts'

const servers: FastifyInstance[] = []
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())))

/** A log of so many rows, the newest first. */
async function opened(rows: number) {
  const pages: AuditPage[] = []
  const configs: unknown[] = []
  const server = Fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } })
  servers.push(server)
  server.setErrorHandler((error, _request, reply) => {
    const problem = problemOf(error)
    return reply.code(problem.status).send(problem.document('r-1'))
  })
  server.addHook('onRoute', ({ config }) => void configs.push(config))
  const record = (id: number): AuditRecord => ({
    id: String(id),
    uid: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
    at: new Date('2026-11-23T12:00:00.000Z'),
    action: 'batch.created',
    userId: 'alice',
    resource: '/v1/batches/1',
    metadata: { recipients: 3 },
    ip: '192.0.2.1',
    userAgent: 'curl/8',
  })
  await server.register(
    auditRoutes((page) => {
      pages.push(page)
      const below = Number(page.before ?? rows + 1)
      const left = Array.from({ length: below - 1 }, (_, index) => record(below - 1 - index))
      return Promise.resolve(left.slice(0, page.limit))
    }),
  )
  const get = async (query: string) => {
    const answer = await server.inject(`/v1/audit?${query}`)
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
  }
  return { get, pages, configs }
}

it('tells each row as it was written, under an id that nobody can count', async () => {
  const { get } = await opened(1)
  expect((await get('')).body).toEqual({
    items: [
      {
        id: '00000000-0000-4000-8000-000000000001',
        timestamp: '2026-11-23T12:00:00.000Z',
        action: 'batch.created',
        userId: 'alice',
        resource: '/v1/batches/1',
        metadata: { recipients: 3 },
        ip: '192.0.2.1',
        userAgent: 'curl/8',
      },
    ],
    has_more: false,
  })
})

it('is read to its end a page at a time, no row twice and none left out', async () => {
  const { get, pages } = await opened(5)
  const seen: unknown[] = []
  for (let cursor = ''; ;) {
    const { body } = await get(`limit=2${cursor}`)
    seen.push(...(body['items'] as { id: string }[]).map(({ id }) => Number(id.slice(-12))))
    if (body['has_more'] !== true) break
    cursor = `&cursor=${String(body['next_cursor'])}`
  }
  expect(seen).toEqual([5, 4, 3, 2, 1])
  expect(pages.map(({ before }) => before)).toEqual([undefined, '4', '2'])
})

it('asks for what the parameters name', async () => {
  const { get, pages } = await opened(0)
  await get('action=batch.paused&userId=bob&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00%2B01:00&limit=7')
  expect(pages).toEqual([
    {
      action: 'batch.paused',
      userId: 'bob',
      from: new Date('2026-01-01T00:00:00Z'),
      to: new Date('2026-01-31T23:00:00Z'),
      before: undefined,
      limit: 8,
    },
  ])
})

it.each([
  'from=yesterday',
  'from=2026-01-01',
  'to=2026-13-01T00:00:00Z',
  'to=Thu, 01 Jan 2026 00:00:00 GMT',
  'action=nonsense',
  'limit=0',
  'limit=1001',
  'cursor=YWZ0ZXIgMTs',
  'cursor=x',
  'userID=alice',
])('refuses %s', async (query) => {
  const { get, pages } = await opened(1)
  expect((await get(query)).status).toBe(400)
  expect(pages).toEqual([])
})

it('is for tokens that may read it', async () => {
  const { configs } = await opened(0)
  expect(configs).toContainEqual({ scope: 'audit:read' })
})
