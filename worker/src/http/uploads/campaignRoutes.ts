/** `/v1/batches/{id}/start`, and what an open batch has taken so far. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { BatchStore, StartRefusal, UploadStore } from '../ports.ts'
import type { ProblemType } from '../problem.ts'
import { auditOf } from '../audit.ts'
import { commanded, Id, parseBatchId, pathOf } from '../batchRoutes.ts'
import { BatchView, batchView } from '../batchViews.ts'
import { Page, pageOf, pageParameters, pageSize, parseCursor } from '../page.ts'
import { Problem } from '../problem.ts'
import { OpenUploadView, RefusedRowView } from './uploadViews.ts'

const Query = Type.Object(pageParameters, { additionalProperties: false })
const tags = ['Batches']
const ROW = /^\d{1,10}$/

const START_PROBLEMS: Readonly<Record<StartRefusal, ProblemType>> = {
  unknown: 'not-found',
  state: 'batch-state',
  empty: 'batch-empty',
}

export function campaignRoutes(store: BatchStore, uploads: UploadStore): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.post(
      '/v1/batches/:id/start',
      {
        schema: {
          tags,
          operationId: 'startBatch',
          summary: 'The batch is complete: nothing is added any more, and all of it is sent',
          params: Id,
          response: { 200: BatchView },
        },
        config: { scope: 'batches:write', problems: ['not-found', 'batch-state', 'batch-empty'] },
      },
      async (request) => {
        const id = parseBatchId(request.params.id)
        const refusal = await uploads.start(id, (recipients) =>
          auditOf(request, 'batch.started', pathOf(id), { recipients }),
        )
        if (refusal !== undefined) throw new Problem(START_PROBLEMS[refusal])
        request.log.info({ batchId: id }, 'batch started')
        return batchView(await commanded(store, id))
      },
    )

    routes.get(
      '/v1/batches/:id/upload',
      {
        schema: {
          tags,
          operationId: 'getUpload',
          summary: 'How many rows an open batch has taken, and so where the next request goes on',
          params: Id,
          response: { 200: OpenUploadView },
        },
        config: { scope: 'batches:read', problems: ['not-found'] },
      },
      async (request, reply) => {
        const state = await uploads.state(parseBatchId(request.params.id))
        if (state === undefined) throw new Problem('not-found')
        const { offset, refused, isOpen } = state
        reply.header('upload-offset', offset)
        return { offset, refused, open: isOpen }
      },
    )

    routes.get(
      '/v1/batches/:id/refused-recipients',
      {
        schema: {
          tags,
          operationId: 'listRefusedRecipients',
          summary: 'Rows that were at fault and are left out, the first thousand of a batch',
          params: Id,
          querystring: Query,
          response: { 200: Page(RefusedRowView) },
        },
        config: { scope: 'batches:read', problems: ['not-found'] },
      },
      async (request) => {
        const id = parseBatchId(request.params.id)
        const { limit, cursor } = request.query
        const [position = '-1'] = parseCursor(cursor, ROW) ?? []
        const size = pageSize(limit)
        const rows = await uploads.refused(id, { afterRow: Number(position), limit: size + 1 })
        if (rows.length === 0 && (await uploads.state(id)) === undefined) throw new Problem('not-found')
        return pageOf(
          rows,
          size,
          (row) => row,
          ({ row }) => String(row),
        )
      },
    )
    return Promise.resolve()
  }
}
