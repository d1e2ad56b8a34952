/** `/v1/dead-letters`: stretches of batches that were put aside, and another try at them. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { ChunkRef } from '../sending/ports.ts'
import type { DeadLetter, DeadLetterStore } from './ports.ts'
import { auditOf } from './audit.ts'
import { Instant } from './instant.ts'
import { Page, pageOf, pageParameters, pageSize, parseCursor } from './page.ts'
import { Problem } from './problem.ts'

const ID = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,6})$/

const View = Type.Object(
  {
    id: Type.String({ description: 'Of the dead letter.' }),
    batchId: Type.String({ format: 'uuid', description: 'Of the batch that it is a part of.' }),
    recipients: Type.Integer({ description: 'How many recipients of the batch are held up with it.' }),
    failures: Type.Integer({ description: 'How often it was tried in vain.' }),
    failure: Type.Optional(
      Type.String({ description: 'The code or kind of the last error; the log tells more.' }),
    ),
    deadAt: Instant('When it was put aside.'),
  },
  { title: 'DeadLetter' },
)

export function deadLetterRoutes(store: DeadLetterStore): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.get(
      '/v1/dead-letters',
      {
        schema: {
          tags: ['Dead letters'],
          operationId: 'listDeadLetters',
          summary: 'Stretches of batches whose handling failed again and again',
          querystring: Type.Object(pageParameters, { additionalProperties: false }),
          response: { 200: Page(View) },
        },
        config: { scope: 'dead-letters:read' },
      },
      async (request) => {
        const { limit, cursor } = request.query
        const size = pageSize(limit)
        const rows = await store.list({ after: refOf(parseCursor(cursor, ID)), limit: size + 1 })
        return pageOf(rows, size, itemOf, idOf)
      },
    )

    routes.post(
      '/v1/dead-letters/:id/replay',
      {
        schema: {
          tags: ['Dead letters'],
          operationId: 'replayDeadLetter',
          summary: 'Try it again, after what it failed of was mended',
          params: Type.Object({ id: Type.String({ description: 'Of the dead letter.' }) }),
          response: { 204: Type.Null({ description: 'It is on its way again.' }) },
        },
        config: { scope: 'dead-letters:write', problems: ['not-found'] },
      },
      async (request, reply) => {
        const { id } = request.params
        const ref = refOf(ID.exec(id))
        const audit = auditOf(request, 'dead-letter.replayed', `/v1/dead-letters/${id}`)
        if (ref === undefined || !(await store.replay(ref, audit))) throw new Problem('not-found')
        request.log.info({ ...ref }, 'dead letter replayed')
        return reply.code(204).send(null)
      },
    )
    return Promise.resolve()
  }
}

const idOf = ({ batchId, chunk }: ChunkRef): string => `${batchId}.${chunk}`

function refOf(found: RegExpExecArray | null | undefined): ChunkRef | undefined {
  const [, batchId, chunk] = found ?? []
  return batchId === undefined ? undefined : { batchId, chunk: Number(chunk) }
}

function itemOf(letter: DeadLetter) {
  const { batchId, recipients, failures, failure, deadAt } = letter
  return { id: idOf(letter), batchId, recipients, failures, ...(failure !== null && { failure }), deadAt }
}
