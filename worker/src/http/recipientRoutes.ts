/** `/v1/batches/{id}/recipients`: what became of each, in order, a page at a time. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { Recipient } from './ports.ts'
import type { BatchStore } from './ports.ts'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { DELIVERY_FACTS, type DeliveryFact } from '../domain/delivery.ts'
import { RECIPIENT_STATES } from '../domain/recipientState.ts'
import { Instant } from './batchViews.ts'
import { parseBatchId } from './batchRoutes.ts'
import { Page, pageOf, pageParameters, pageSize, parseCursor } from './page.ts'
import { Problem } from './problem.ts'

const Query = Type.Object(
  { state: Type.Optional(stringEnum(RECIPIENT_STATES)), ...pageParameters },
  { additionalProperties: false },
)

const RecipientView = Type.Object({
  address: Type.String(),
  state: stringEnum(RECIPIENT_STATES),
  attempts: Type.Integer(),
  providerMessageId: Type.Optional(Type.String()),
  errorClass: Type.Optional(Type.String()),
  errorCode: Type.Optional(Type.String()),
  delivery: Type.Optional(stringEnum(Object.keys(DELIVERY_FACTS) as DeliveryFact[])),
  deliveryAt: Type.Optional(Instant('When the provider says that it happened.')),
  updatedAt: Instant('When its state changed last.'),
})

export function recipientRoutes(store: BatchStore): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.get(
      '/v1/batches/:id/recipients',
      {
        schema: {
          tags: ['Batches'],
          operationId: 'listRecipients',
          summary: 'The recipients of a batch, in the order they were given',
          params: Type.Object({ id: Type.String({ description: 'Of the batch.' }) }),
          querystring: Query,
          response: { 200: Page(RecipientView) },
        },
        config: { scope: 'batches:read', problems: ['not-found'] },
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
