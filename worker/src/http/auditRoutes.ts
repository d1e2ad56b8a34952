/** `GET /v1/audit`: who did what in the last 90 days, the newest first, a page at a time. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { AuditRecord, ListAudit } from './ports.ts'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { AUDIT_ACTIONS } from '../domain/audit.ts'
import { Instant } from './instant.ts'
import { Page, pageOf, pageParameters, pageSize, parseCursor, WITHOUT_NUL } from './page.ts'
import { Problem } from './problem.ts'

const Query = Type.Object(
  {
    action: Type.Optional(stringEnum(AUDIT_ACTIONS, { description: 'Only this.' })),
    userId: Type.Optional(
      Type.String({ maxLength: 253, pattern: WITHOUT_NUL, description: 'Only what this user did.' }),
    ),
    from: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339; not before it.' })),
    to: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339; before it.' })),
    ...pageParameters,
  },
  { additionalProperties: false },
)

const View = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'Of the entry.' }),
    timestamp: Instant('When it was done.'),
    action: stringEnum(AUDIT_ACTIONS, { description: 'What was done.' }),
    userId: Type.String({ description: 'The name of the token; empty where there was none.' }),
    resource: Type.String({ description: 'The path that reads what it was about.' }),
    metadata: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]), {
      description: 'Particulars, among them the id of the request.',
    }),
    ip: Type.String({ description: 'Where the request came from.' }),
    userAgent: Type.String({ description: 'What the client called itself.' }),
  },
  { title: 'AuditEntry' },
)

export function auditRoutes(list: ListAudit): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.get(
      '/v1/audit',
      {
        schema: {
          tags: ['Audit'],
          operationId: 'listAudit',
          summary: 'Who did what, the newest first',
          querystring: Query,
          response: { 200: Page(View) },
        },
        config: { scope: 'audit:read' },
      },
      async (request) => {
        const { action, userId, from, to, limit, cursor } = request.query
        const [before] = parseCursor(cursor, /^\d{1,18}$/) ?? []
        const size = pageSize(limit)
        const times = { from: instant('from', from), to: instant('to', to) }
        const rows = await list({ action, userId, ...times, before, limit: size + 1 })
        return pageOf(rows, size, itemOf, ({ id }) => id)
      },
    )
    return Promise.resolve()
  }
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i

/** @throws Problem for what is no instant. */
function instant(pointer: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const date = new Date(text)
  if (!RFC_3339.test(text) || Number.isNaN(date.getTime()))
    throw new Problem('invalid-request', [{ pointer, code: 'format' }])
  return date
}

function itemOf({ uid: id, at, action, userId, resource, metadata, ip, userAgent }: AuditRecord) {
  return { id, timestamp: at, action, userId, resource, metadata, ip, userAgent }
}
