/** `/v1/batches/{id}`: read, pause, resume, cancel, try the failed again. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { Batch, BatchStore } from './ports.ts'
import { auditOf } from './audit.ts'
import { BatchView, batchView } from './batchViews.ts'
import { Problem } from './problem.ts'
import { auditedFilter, OptionalRetryRequest, retryFilterOf } from './retryRequest.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** @throws Problem 404 for what cannot be an id. */
export function parseBatchId(id: string): string {
  if (!UUID.test(id)) throw new Problem('not-found')
  return id
}

export const pathOf = (id: string): string => `/v1/batches/${id}`

export const Id = Type.Object({ id: Type.String({ description: 'Of the batch.' }) })
const Retried = Type.Object(
  { ...BatchView.properties, retried: Type.Integer({ description: 'How many recipients are tried again.' }) },
  { title: 'RetriedBatch' },
)
const tags = ['Batches']
const COMMANDS = [
  { command: 'pause', action: 'batch.paused', summary: 'Stop sending; what is under way is finished' },
  { command: 'resume', action: 'batch.resumed', summary: 'Go on sending' },
  {
    command: 'cancel',
    action: 'batch.cancelled',
    summary: 'End for good; recipients that wait become `cancelled`',
  },
] as const

export function batchRoutes(store: BatchStore, maxRequestSizeBytes: number): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.get(
      '/v1/batches/:id',
      {
        schema: {
          tags,
          operationId: 'getBatch',
          summary: 'A batch, with its recipients counted by state',
          params: Id,
          response: { 200: BatchView },
        },
        config: { scope: 'batches:read', problems: ['not-found'] },
      },
      async (request) => batchView(await found(store, request.params.id)),
    )

    for (const { command, action, summary } of COMMANDS) {
      routes.post(
        `/v1/batches/:id/${command}`,
        {
          schema: {
            tags,
            operationId: `${command}Batch`,
            summary,
            params: Id,
            response: { 200: BatchView },
          },
          config: { scope: 'batches:write', problems: ['not-found', 'batch-state'] },
        },
        async (request) => {
          const { id } = await commanded(store, request.params.id)
          if (!(await store.command(id, command, auditOf(request, action, pathOf(id)))))
            throw new Problem('batch-state')
          request.log.info({ batchId: id, command }, 'batch commanded')
          return batchView(await commanded(store, id))
        },
      )
    }

    routes.post(
      '/v1/batches/:id/retry-failed',
      {
        schema: {
          tags,
          operationId: 'retryFailed',
          summary:
            'Try failed recipients again that got no mail and may fare better, or those of them that are named',
          params: Id,
          body: OptionalRetryRequest,
          response: { 200: Retried },
        },
        bodyLimit: maxRequestSizeBytes,
        config: { scope: 'batches:write', problems: ['not-found', 'batch-state'] },
      },
      async (request) => {
        const { id } = await commanded(store, request.params.id)
        const asked = request.body ?? {}
        const retried = await store.retryFailed(id, retryFilterOf(asked), (count) =>
          auditOf(request, 'batch.retried', pathOf(id), { ...auditedFilter(asked), recipients: count }),
        )
        if (retried === undefined) throw new Problem('batch-state')
        request.log.info({ batchId: id, retried }, 'failed recipients are tried again')
        return { ...batchView(await commanded(store, id)), retried }
      },
    )
    return Promise.resolve()
  }
}

async function found(store: BatchStore, id: string): Promise<Batch> {
  const batch = await store.find(parseBatchId(id))
  if (batch === undefined) throw new Problem('not-found')
  return batch
}

/** @throws Problem when there is no such batch */
export async function commanded(store: BatchStore, id: string): Promise<Batch> {
  const batch = await store.findToCommand(parseBatchId(id))
  if (batch === undefined) throw new Problem('not-found')
  return batch
}
