/** What became of recipients: of those of a batch in order, of one with the server's words, of an address over all batches. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { BatchStore } from './ports.ts'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { parseAddress, spelledBefore } from '../domain/address.ts'
import { RECIPIENT_STATES } from '../domain/recipientState.ts'
import { Id, parseBatchId } from './batchRoutes.ts'
import { BATCH_POSITION } from './batchListRoute.ts'
import { Page, pageOf, pageParameters, pageSize, parseCursor, WITHOUT_NUL } from './page.ts'
import { Problem } from './problem.ts'
import { Delivery, FoundView, foundOf, itemOf, RecipientView, TracedView, traceOf } from './recipientViews.ts'

const Query = Type.Object(
  {
    state: Type.Optional(stringEnum(RECIPIENT_STATES, { description: 'Only those in this state.' })),
    delivery: Type.Optional(Delivery('Only those of whose mail the provider told this.')),
    errorCode: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        pattern: WITHOUT_NUL,
        description: 'Only those refused so when they were tried last.',
      }),
    ),
    ...pageParameters,
  },
  { additionalProperties: false },
)

const AddressQuery = Type.Object(
  {
    address: Type.String({ minLength: 1, maxLength: 320, description: 'Of any spelling: Ann@ is ann@.' }),
    ...pageParameters,
  },
  { additionalProperties: false },
)

const tags = ['Recipients']
const SEQ = /^\d{1,9}$/

export function recipientRoutes(store: BatchStore): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.get(
      '/v1/batches/:id/recipients',
      {
        schema: {
          tags,
          operationId: 'listRecipients',
          summary: 'The recipients of a batch, in the order they were given',
          params: Id,
          querystring: Query,
          response: { 200: Page(RecipientView) },
        },
        config: { scope: 'batches:read', problems: ['not-found'] },
      },
      async (request) => {
        const id = parseBatchId(request.params.id)
        const { limit, cursor, ...filters } = request.query
        const [position = '-1'] = parseCursor(cursor, SEQ) ?? []
        const size = pageSize(limit)
        const rows = await store.recipients(id, { ...filters, afterSeq: Number(position), limit: size + 1 })
        if (rows.length === 0 && (await store.find(id)) === undefined) throw new Problem('not-found')
        return pageOf(rows, size, itemOf, ({ seq }) => String(seq))
      },
    )

    routes.get(
      '/v1/batches/:id/recipients/:seq',
      {
        schema: {
          tags,
          operationId: 'getRecipient',
          summary: 'A recipient with every attempt, in the words of the server, and what was told afterwards',
          params: Type.Object({
            ...Id.properties,
            seq: Type.String({ description: 'Of the recipient, as lists give it.' }),
          }),
          response: { 200: TracedView },
        },
        config: { scope: 'batches:read', problems: ['not-found'] },
      },
      async (request) => {
        const { id, seq } = request.params
        const found = SEQ.test(seq) ? await store.recipient(parseBatchId(id), Number(seq)) : undefined
        if (found === undefined) throw new Problem('not-found')
        return traceOf(found)
      },
    )

    routes.get(
      '/v1/recipients',
      {
        schema: {
          tags,
          operationId: 'findRecipients',
          summary: 'What became of an address in every batch, the newest first',
          querystring: AddressQuery,
          response: { 200: Page(FoundView) },
        },
        config: { scope: 'batches:read' },
      },
      async (request) => {
        const { address, limit, cursor } = request.query
        const parsed = parseAddress(address.trim())
        if (!parsed.ok) throw new Problem('invalid-request', [{ pointer: 'address', code: parsed.code }])
        const [, createdMicros, id] = parseCursor(cursor, BATCH_POSITION) ?? []
        const after = createdMicros === undefined || id === undefined ? undefined : { createdMicros, id }
        const size = pageSize(limit)
        const { normalised, address: given } = parsed.mailbox
        const spellings = [normalised, spelledBefore(given)]
        const page = { spellings, after, limit: size + 1 }
        const rows = await store.address(page)
        return pageOf(rows, size, foundOf, (row) => `${row.createdMicros} ${row.batchId}`)
      },
    )
    return Promise.resolve()
  }
}
