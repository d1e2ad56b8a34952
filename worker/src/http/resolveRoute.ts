/** `POST /v1/batches/{id}/resolve-uncertain`: a person says what became of mails of which nobody else knows. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { stringEnum } from '../../../crds/schema/structural.ts'
import type { BatchStore } from './ports.ts'
import type { FieldError } from './problem.ts'
import { parseAddress } from '../domain/address.ts'
import { RESOLUTIONS } from '../domain/resolution.ts'
import { auditOf } from './audit.ts'
import { commanded, Id, pathOf } from './batchRoutes.ts'
import { BatchView, batchView } from './batchViews.ts'
import { ERRORS_TOLD, Problem } from './problem.ts'

const Resolve = Type.Object(
  {
    as: stringEnum(RESOLUTIONS, {
      description:
        '`sent`: the mail went. `failed`: it did not, and is not to. `retry`: it is sent, perhaps for the second time.',
    }),
    recipients: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        maxItems: 1_000,
        description: 'Their addresses; everybody in doubt when left out.',
      }),
    ),
  },
  { additionalProperties: false, title: 'Resolution' },
)

const Resolved = Type.Object(
  {
    ...BatchView.properties,
    resolved: Type.Integer({ description: 'How many recipients were in doubt and are no more.' }),
  },
  { title: 'ResolvedBatch' },
)

export function resolveRoute(store: BatchStore): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.post(
      '/v1/batches/:id/resolve-uncertain',
      {
        schema: {
          tags: ['Batches'],
          operationId: 'resolveUncertain',
          summary: 'Say what became of recipients in doubt',
          params: Id,
          body: Resolve,
          response: { 200: Resolved },
        },
        config: { scope: 'batches:write', problems: ['not-found', 'batch-state'] },
      },
      async (request) => {
        const { id } = await commanded(store, request.params.id)
        const { as, recipients } = request.body
        const addresses = recipients && normalised(recipients)
        const { userId } = request
        const resolved = await store.resolve(id, { as, addresses, userId }, (count) =>
          auditOf(request, 'batch.uncertain-resolved', pathOf(id), { as, recipients: count }),
        )
        if (resolved === undefined) throw new Problem('batch-state')
        request.log.info({ batchId: id, as, resolved }, 'recipients in doubt were resolved')
        return { ...batchView(await commanded(store, id)), resolved }
      },
    )
    return Promise.resolve()
  }
}

/** @throws Problem with one error for each that is no address */
function normalised(addresses: readonly string[]): readonly string[] {
  const parsed = addresses.map(parseAddress)
  const errors = parsed.flatMap((one, index): FieldError[] =>
    one.ok ? [] : [{ pointer: `/recipients/${index}`, code: one.code }],
  )
  if (errors.length > 0) throw new Problem('invalid-request', errors.slice(0, ERRORS_TOLD))
  return parsed.flatMap((one) => (one.ok ? [one.mailbox.normalised] : []))
}
