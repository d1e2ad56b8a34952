/** `/v1/batches/{id}/recipients`: what became of each, in order, a page at a time. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { Recipient } from '../store/recipients.ts'
import type { BatchStore } from './ports.ts'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { RECIPIENT_STATES } from '../domain/recipientState.ts'
import { parseBatchId } from './batchRoutes.ts'
import { pageOf, pageParameters, pageSize, parseCursor } from './page.ts'
import { Problem } from './problem.ts'

const Query = Type.Object(
  { state: Type.Optional(stringEnum(RECIPIENT_STATES)), ...pageParameters },
  { additionalProperties: false },
)

export function recipientRoutes(store: BatchStore): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.get(
      '/v1/batches/:id/recipients',
      {
        schema: { params: Type.Object({ id: Type.String() }), querystring: Query },
        config: { scope: 'batches:read' },
      },
      async (request) => {
        const id = parseBatchId(request.params.id)
        const { state, limit, cursor } = request.query
        const [position = '-1'] = parseCursor(cursor, /^\d{1,9}$/) ?? []
        const size = pageSize(limit)
        const rows = await store.recipients(id, { state, afterSeq: Number(position), limit: size + 1 })
        if (rows.length === 0 && (await store.find(id)) === undefined) throw new Problem('not-found')
        return pageOf(rows, size, itemOf, ({ seq }) => String(seq))
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
