/** `GET /v1/batches`: the newest first, a page at a time. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { BatchStore } from './ports.ts'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { BATCH_STATES } from '../domain/batchState.ts'
import { ListedBatchView, listedView } from './batchViews.ts'
import { Page, pageOf, pageParameters, pageSize, parseCursor, WITHOUT_NUL } from './page.ts'

const Query = Type.Object(
  {
    state: Type.Optional(stringEnum(BATCH_STATES, { description: 'Only those in this state.' })),
    tag: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        pattern: WITHOUT_NUL,
        description: 'Only those with this tag.',
      }),
    ),
    ...pageParameters,
  },
  { additionalProperties: false },
)
/** Of a batch among all. */
export const BATCH_POSITION = /^(\d{1,16}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

export function batchListRoute(store: BatchStore): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.get(
      '/v1/batches',
      {
        schema: {
          tags: ['Batches'],
          operationId: 'listBatches',
          summary: 'Batches, the newest first',
          querystring: Query,
          response: { 200: Page(ListedBatchView) },
        },
        config: { scope: 'batches:read' },
      },
      async (request) => {
        const { state, tag, limit, cursor } = request.query
        const [, createdMicros, id] = parseCursor(cursor, BATCH_POSITION) ?? []
        const after = createdMicros === undefined || id === undefined ? undefined : { createdMicros, id }
        const size = pageSize(limit)
        const rows = await store.list({ state, tag, after, limit: size + 1 })
        return pageOf(rows, size, listedView, (row) => `${row.createdMicros} ${row.id}`)
      },
    )
    return Promise.resolve()
  }
}
