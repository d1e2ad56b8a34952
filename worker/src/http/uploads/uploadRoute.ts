/** `POST /v1/batches/{id}/recipients`: recipients of an open batch, as many as there are. */
import type { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyBodyParser, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { UploadHold, UploadStore } from '../ports.ts'
import type { ByteBudget } from '../byteBudget.ts'
import type { ParseJson } from './ndjsonRows.ts'
import type { RowReader } from './rows.ts'
import type { Taken } from './upload.ts'
import { auditOf } from '../audit.ts'
import { textsOf } from '../batchContent.ts'
import { Id, parseBatchId, pathOf } from '../batchRoutes.ts'
import { isEncoded, isJson } from '../bodies.ts'
import { Problem } from '../problem.ts'
import { planOf } from '../recipientVariables.ts'
import { validatorCompiler } from '../validation.ts'
import { csvRows } from './csvRows.ts'
import { ndjsonRows } from './ndjsonRows.ts'
import { Pieces, type Patience } from './pieces.ts'
import { PROBLEM_OF, Upload } from './upload.ts'
import { TakenView } from './uploadViews.ts'
import type { UploadTurns } from './uploadTurns.ts'
import { uploadTurns } from './uploadTurns.ts'

export interface UploadRouteOptions {
  readonly store: UploadStore
  /** Variables that every recipient has without being given them. */
  readonly provided: readonly string[]
  /** What its rows take of the heap. */
  readonly budget: ByteBudget
  /** Of the framework: it refuses keys that would become prototypes. */
  readonly parseText: FastifyBodyParser<string>
  /** Aborted when told to stop: what is complete is taken, and the rest comes to another worker. */
  readonly stopping: AbortSignal
  readonly patience?: Patience
}

/** Rows are slow to come where a program makes them; nobody is slower than 1 KiB/s for long. */
const PATIENCE: Patience = { quietMs: 500, idleMs: 30_000, graceMs: 60_000, bytesPerSecond: 1_024 }
/** Two lots, one of them on its way to the database, of rows that are parsed. */
const HELD_BYTES = 24 * 1_048_576
/** A worker with little memory takes one of them at a time. */
const MOST_OF_BUDGET = 0.5

const NDJSON = ['application/x-ndjson', 'application/jsonl', 'application/ndjson']
const CSV = 'text/csv'
const OFFSET = 'upload-offset'

const RowsAs = (description: string, example: string) => ({
  schema: Type.String({ description, examples: [example] }),
})

const body = {
  description: 'Of any length.',
  content: {
    [NDJSON[0] ?? '']: RowsAs(
      'A recipient to a line, as `POST /v1/batches` has them.',
      '{"address":"ann@example.org","variables":{"name":"Ann"}}\n{"address":"bob@example.org","variables":{"name":"Bob"}}\n',
    ),
    [CSV]: RowsAs(
      'A line of names, one of which is `address`, then a recipient to a line (RFC 4180). The others are variables.',
      'address,name\nann@example.org,Ann\nbob@example.org,Bob\n',
    ),
  },
}

const Headers = Type.Object({
  [OFFSET]: Type.Optional(
    Type.String({
      pattern: '^(0|[1-9][0-9]{0,8})$',
      description:
        'The row that this begins with: 0 or an offset that was told. Rows that were taken already are recognised, and skipped. Without it, the rows are new ones.',
    }),
  ),
})

export function uploadRoute(options: UploadRouteOptions): FastifyPluginAsyncTypebox {
  const { store } = options
  const turns = uploadTurns()
  const parse = jsonBy(options.parseText)
  return (routes) => {
    routes.removeAllContentTypeParsers()
    routes.addContentTypeParser([...NDJSON, CSV], (_request, payload, done) => {
      done(null, payload)
    })
    routes.post(
      '/v1/batches/:id/recipients',
      {
        schema: {
          tags: ['Batches'],
          operationId: 'addRecipients',
          summary: 'Add recipients to an open batch, as many as there are',
          params: Id,
          headers: Headers,
          body,
          response: { 200: TakenView },
        },
        // Rows are looked at one by one.
        validatorCompiler: (route) => (route.httpPart === 'body' ? () => true : validatorCompiler(route)),
        bodyLimit: Number.MAX_SAFE_INTEGER,
        config: {
          scope: 'batches:write',
          problems: ['not-found', 'batch-state', 'upload-offset', 'upload-changed', 'upload-superseded'],
        },
      },
      async (request, reply) => {
        const id = parseBatchId(request.params.id)
        const given = request.headers[OFFSET]
        const from = given === undefined ? undefined : Number(given)
        const reader = readerOf(request, parse)
        const stream = request.body as Readable
        const giveBack = admitted(request, options, turns)
        try {
          const hold = await held(store, id, from, request, reply)
          return await taken({ request, reply, reader, stream, hold, from: from ?? hold.offset }, options)
        } finally {
          giveBack()
          stream.resume()
        }
      },
    )
    return Promise.resolve()
  }
}

/** @throws Problem for a body of another type, or without any */
function readerOf(request: FastifyRequest, parse: ParseJson): RowReader {
  const type = request.headers['content-type']
  if (type === undefined || request.body === undefined || isEncoded(request))
    throw new Problem('unsupported-media-type')
  return type.toLowerCase().startsWith(CSV) ? csvRows() : ndjsonRows(parse)
}

/** @throws Problem when there is no room for another one */
function admitted(request: FastifyRequest, { budget }: UploadRouteOptions, turns: UploadTurns): () => void {
  request.held = budget.reserve(request.userId)
  const giveBack = turns.take(request.userId)
  if (giveBack !== undefined && request.held.grow(Math.min(HELD_BYTES, budget.totalBytes * MOST_OF_BUDGET)))
    return giveBack
  giveBack?.()
  throw new Problem('unavailable')
}

async function held(
  store: UploadStore,
  id: string,
  from: number | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<UploadHold> {
  const begun = await store.begin(id, from, auditOf(request, 'batch.recipients-added', pathOf(id)))
  if (!('refusal' in begun)) return begun
  if (begun.refusal !== 'unknown') reply.header(OFFSET, begun.offset)
  throw new Problem(PROBLEM_OF[begun.refusal])
}

interface Request {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly reader: RowReader
  readonly stream: Readable
  readonly hold: UploadHold
  readonly from: number
}

/** However it ends, the answer says where the batch is, and the audit log what was added. */
async function taken(
  { request, reply, reader, stream, hold, from }: Request,
  { store, provided, stopping, patience = PATIENCE }: UploadRouteOptions,
): Promise<Taken> {
  const plan = planOf(textsOf(hold.content).parsed, provided)
  const upload = new Upload(store, hold, from, plan)
  try {
    const pieces = new Pieces(stream, patience, stopping)
    const all = await readAll(pieces, reader, upload)
    request.log.info({ batchId: hold.batchId, ...all, refusals: undefined }, 'recipients were added')
    return all
  } finally {
    reply.header(OFFSET, upload.offset)
    await store.finish(hold)
  }
}

/** What is complete when it cannot go on is taken all the same. @throws Problem */
async function readAll(pieces: Pieces, reader: RowReader, upload: Upload): Promise<Taken> {
  for (;;) {
    const piece = await pieces.next()
    switch (piece.kind) {
      case 'bytes':
        await upload.take(await reader.push(piece.bytes))
        break
      case 'quiet':
        await upload.flush()
        break
      case 'end':
        await upload.take(await reader.end())
        if (reader.problem === undefined) return upload.end()
        break
      case 'cut':
        await upload.settle()
        throw new Problem('malformed-request')
      case 'late':
        await upload.settle()
        throw new Problem('request-timeout')
      case 'stopped':
        await upload.settle()
        throw new Problem('unavailable')
    }
    if (reader.problem === undefined) continue
    await upload.settle()
    throw reader.problem
  }
}

function jsonBy(parseText: FastifyBodyParser<string>): ParseJson {
  return (text) => {
    let outcome: ReturnType<ParseJson> = { isForbidden: false }
    // It calls back before it returns, and asks nothing of the request.
    void parseText(undefined as never, text, (error, value: unknown) => {
      outcome = error === null ? { value } : { isForbidden: isJson(text) }
    })
    return outcome
  }
}
