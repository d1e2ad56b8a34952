/** `/v1/batches/{id}/recipients`: what became of each, in order, a page at a time. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { Recipient } from '../store/recipients.ts'
import type { BatchStore } from './ports.ts'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { RECIPIENT_STATES } from '../domain/recipientState.ts'
import { parseBatchId } from './batchRoutes.ts'
import { Problem } from './problem.ts'

const Query = Type.Object(
  {
    state: Type.Optional(stringEnum(RECIPIENT_STATES)),
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$' })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  { additionalProperties: false },
)

const PAGE = 100

export function recipientRoutes(store: BatchStore): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.get(
      '/v1/batches/:id/recipients',
      { schema: { params: Type.Object({ id: Type.String() }), querystring: Query } },
      async (request) => {
        const id = parseBatchId(request.params.id)
        const { state, limit = String(PAGE), cursor } = request.query
        const afterSeq = cursor === undefined ? -1 : parseCursor(cursor)
        const size = Number(limit)
        const rows = await store.recipients(id, { state, afterSeq, limit: size + 1 })
        if (rows.length === 0 && (await store.find(id)) === undefined) throw new Problem('not-found')
        const page = rows.slice(0, size)
        const last = page.at(-1)
        const hasMore = rows.length > size
        return {
          items: page.map(itemOf),
          has_more: hasMore,
          ...(hasMore && last && { next_cursor: renderCursor(last.seq) }),
        }
      },
    )
    return Promise.resolve()
  }
}

function itemOf({
  address,
  state,
  attempts,
  providerMessageId,
  errorClass,
  errorCode,
  delivery,
  deliveryAt,
  updatedAt,
}: Recipient) {
  return {
    address,
    state,
    attempts,
    ...(providerMessageId !== null && { providerMessageId }),
    ...(errorClass !== null && { errorClass }),
    ...(errorCode !== null && { errorCode }),
    ...(delivery !== null && { delivery }),
    ...(deliveryAt !== null && { deliveryAt }),
    updatedAt,
  }
}

const renderCursor = (seq: number): string => Buffer.from(`after ${seq}`).toString('base64url')

function parseCursor(cursor: string): number {
  const seq = /^after (\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1]
  if (seq === undefined) throw new Problem('invalid-request', [{ pointer: 'cursor', code: 'format' }])
  return Number(seq)
}
