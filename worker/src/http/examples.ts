/** An answer of each operation, by its `operationId`, as the description of the API shows it. */

const COUNTS = {
  pending: 0,
  sending: 0,
  deferred: 0,
  sent: 2,
  failed: 1,
  uncertain: 0,
  cancelled: 0,
  suppressed: 0,
}
const ID = '6f1c2f3e-8f0b-4c7e-9a54-2f6f0a1b7c9d'
const LISTED = {
  id: ID,
  name: 'August news',
  tags: ['news'],
  state: 'completed_with_failures',
  recipients: 3,
  duplicates: 0,
  retries: 0,
  createdAt: '2026-08-01T08:00:00.000Z',
  finishedAt: '2026-08-01T08:00:04.000Z',
}
const REPLY = {
  stage: 'rcpt',
  replyCode: 550,
  enhancedCode: '5.1.1',
  words: '550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown',
}
const BATCH = {
  ...LISTED,
  counts: COUNTS,
  deliveries: { delivered: 2 },
  refusals: [
    { errorClass: 'recipient', errorCode: 'smtp_550', recipients: 1, example: { seq: 1, ...REPLY } },
  ],
}
const RUNNING = { ...BATCH, state: 'running', counts: { ...COUNTS, failed: 0, pending: 1 }, refusals: [] }
const RECIPIENT = {
  seq: 1,
  address: 'bob@example.org',
  state: 'failed',
  attempts: 1,
  errorClass: 'recipient',
  errorCode: 'smtp_550',
  updatedAt: '2026-08-01T08:00:02.000Z',
}
const page = (item: object) => ({ items: [item], has_more: false })

export const EXAMPLES: Readonly<Record<string, object>> = {
  createBatch: {
    id: ID,
    state: 'accepted',
    recipients: 3,
    duplicates: 0,
    counts: { ...COUNTS, pending: 3, sent: 0, failed: 0 },
  },
  listBatches: page(LISTED),
  getBatch: BATCH,
  pauseBatch: { ...RUNNING, state: 'paused' },
  resumeBatch: RUNNING,
  cancelBatch: { ...RUNNING, state: 'cancelled', counts: { ...COUNTS, failed: 0, cancelled: 1 } },
  startBatch: {
    ...RUNNING,
    state: 'accepted',
    startedAt: '2026-08-01T08:00:00.000Z',
    upload: { offset: 4, refused: 1 },
  },
  addRecipients: {
    offset: 4,
    repeated: 0,
    recipients: 3,
    duplicates: 0,
    refused: 1,
    refusals: [{ row: 2, errors: [{ pointer: '/address', code: 'malformed_address' }] }],
  },
  getUpload: { offset: 4, refused: 1, open: true },
  listRefusedRecipients: page({ row: 2, errors: [{ pointer: '/address', code: 'malformed_address' }] }),
  retryFailed: { ...RUNNING, retries: 1, retried: 1 },
  resolveUncertain: { ...BATCH, resolved: 1 },
  listRecipients: page(RECIPIENT),
  getRecipient: {
    ...RECIPIENT,
    tries: 1,
    tried: [
      {
        attempt: 1,
        outcome: 'recipient',
        provider: 'smtp',
        ...REPLY,
        errorCode: 'smtp_550',
        startedAt: '2026-08-01T08:00:01.000Z',
        recordedAt: '2026-08-01T08:00:02.000Z',
      },
    ],
    events: [],
  },
  findRecipients: page({ batchId: ID, batchName: 'August news', batchState: LISTED.state, ...RECIPIENT }),
  listDeadLetters: page({
    id: `${ID}:0`,
    batchId: ID,
    recipients: 200,
    failures: 10,
    failure: '22021',
    deadAt: '2026-08-01T08:10:00.000Z',
  }),
  listAudit: page({
    id: '0b7f8c1e-52a5-4f0e-8f0d-6a1f3f1f8f11',
    timestamp: '2026-08-01T08:00:00.000Z',
    action: 'batch.created',
    userId: 'shop',
    resource: `/v1/batches/${ID}`,
    metadata: { recipients: 3, requestId: 'a1b2c3' },
    ip: '203.0.113.7',
    userAgent: 'curl/8.5.0',
  }),
  ...Object.fromEntries(
    ['getSuppression', 'suppress'].map((operation) => [
      operation,
      {
        address: 'ann@example.org',
        reason: 'complaint',
        detail: 'ticket 4711',
        createdAt: '2026-08-01T08:00:00.000Z',
      },
    ]),
  ),
  listSuppressions: page({
    address: 'ann@example.org',
    reason: 'complaint',
    createdAt: '2026-08-01T08:00:00.000Z',
  }),
}

interface Operation {
  readonly operationId?: string
  readonly responses?: Readonly<Record<string, { content?: Record<string, { example?: object }> }>>
}

/** Puts each example into the answer of its operation. */
export function withExamples<Document extends { readonly paths?: object }>(document: Document): Document {
  for (const methods of Object.values((document.paths ?? {}) as Record<string, Record<string, Operation>>))
    for (const operation of Object.values(methods)) illustrate(operation)
  return document
}

function illustrate({ operationId = '', responses = {} }: Operation): void {
  const media = (responses['202'] ?? responses['200'])?.content?.['application/json']
  const example = EXAMPLES[operationId]
  if (media !== undefined && example !== undefined) media.example = example
}
