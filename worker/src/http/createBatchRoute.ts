/** `POST /v1/batches`: accepted once for each key, or only looked at. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { BatchStore, NewBatch } from './ports.ts'
import type { Refused } from './batchRecipients.ts'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { countsOf } from '../domain/recipientState.ts'
import { auditOf } from './audit.ts'
import { BatchRequest, parseBatchRequest } from './batchRequest.ts'
import { pathOf } from './batchRoutes.ts'
import { AcceptedView } from './batchViews.ts'
import { DryRunView, dryRunOf, REFUSED_TOLD } from './dryRun.ts'
import { fingerprintOf } from './fingerprint.ts'
import { parseIdempotencyKey } from './idempotencyKey.ts'
import { Problem } from './problem.ts'
import { validatorCompiler } from './validation.ts'

export interface CreateOptions {
  readonly maxRequestSizeBytes: number
  /** Variables that every recipient has without being given them. */
  readonly provided: readonly string[]
}

const Query = Type.Object(
  {
    invalid: Type.Optional(
      stringEnum(['refuse', 'skip'], {
        default: 'refuse',
        description:
          'What recipients at fault do: have the whole batch refused, or be left out and listed in the answer as `refused`.',
      }),
    ),
  },
  { additionalProperties: false },
)

export function createBatchRoute(store: BatchStore, options: CreateOptions): FastifyPluginAsyncTypebox {
  const { maxRequestSizeBytes, provided } = options
  return (routes) => {
    routes.post(
      '/v1/batches',
      {
        schema: {
          tags: ['Batches'],
          operationId: 'createBatch',
          summary: 'Accept a batch, or look what would become of it',
          querystring: Query,
          body: BatchRequest,
          // As it was first given, byte for byte.
          response: { 200: DryRunView, 202: Type.Unsafe<string>(AcceptedView) },
        },
        // Its recipients are looked at one by one, so that some may be left out.
        validatorCompiler: (route) => (route.httpPart === 'body' ? () => true : validatorCompiler(route)),
        config: {
          scope: 'batches:write',
          problems: ['idempotency-key-missing', 'idempotency-key-in-flight', 'idempotency-key-reused'],
        },
        bodyLimit: maxRequestSizeBytes,
      },
      async (request, reply) => {
        const skipsInvalid = request.query.invalid === 'skip'
        const parsed = parseBatchRequest(request.body, { provided, skipsInvalid })
        if ('errors' in parsed) throw new Problem('invalid-request', parsed.errors)
        const batch = { userId: request.userId, ...parsed.batch }
        if (parsed.dryRun) return dryRunOf(batch, parsed.refused, provided)
        const key = keyOf(request.headers['idempotency-key'])
        const accepted = await store.accept(
          { userId: request.userId, key, ...fingerprintOf(request.body, request.query) },
          batch,
          (id) => answerOf(id, batch, parsed.refused),
          (id) => auditOf(request, ACTIONS[batch.open ?? 'not'], pathOf(id), countsIn(batch, parsed.refused)),
        )
        if ('refused' in accepted) throw new Problem(REFUSALS[accepted.refused])
        const { status, location, body } = accepted.answer
        tellLog(request, location, batch)
        return reply
          .code(status as 202)
          .header('location', location)
          .type('application/json')
          .send(body)
      },
    )
    return Promise.resolve()
  }
}

const ACTIONS = { held: 'batch.opened', sending: 'batch.opened', not: 'batch.created' } as const

const REFUSALS = {
  inFlight: 'idempotency-key-in-flight',
  otherRequest: 'idempotency-key-reused',
} as const

function tellLog(request: FastifyRequest, location: string, { recipients, name, tags }: NewBatch): void {
  request.log.info({ location, recipients: recipients.length, batchName: name, tags }, 'batch accepted')
}

const countsIn = ({ recipients, duplicates }: NewBatch, refused: readonly Refused[]) => ({
  recipients: recipients.length,
  duplicates,
  ...(refused.length > 0 && { refused: refused.length }),
})

function answerOf(id: string, batch: NewBatch, refused: readonly Refused[]) {
  const { recipients, duplicates } = countsIn(batch, refused)
  const counts = countsOf([['pending', recipients]])
  const left = refused.length > 0 && { refused: refused.slice(0, REFUSED_TOLD), refusedCount: refused.length }
  const state = batch.open === 'held' ? 'open' : 'accepted'
  const open = batch.open !== undefined && { open: true }
  const body = { id, state, recipients, duplicates, counts, ...open, ...left }
  return { status: 202, location: pathOf(id), body: JSON.stringify(body) }
}

function keyOf(header: string | string[] | undefined): string {
  if (header === undefined) throw new Problem('idempotency-key-missing')
  const key = typeof header === 'string' ? parseIdempotencyKey(header) : undefined
  if (key === undefined)
    throw new Problem('invalid-request', [{ pointer: 'Idempotency-Key', code: 'format' }])
  return key
}
