/**
 * What the runbooks ask a worker and its database: every statement is one of the schema and reads no mail of
 * the past, every path one of the API.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callsIn, runbooks, statementsIn } from '../../hack/docs/runbooks.ts'
import { startRig, type Rig, type WorkerProcess } from './rig.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
  await rig.sql(PAST)
})
afterAll(() => rig.stop())

/** Mails of long ago, in batches that ended, beside one that is under way: what a production database consists of. */
const PAST = `
  INSERT INTO batch (id, user_id, state, sender, subject, recipients, duplicates, created_at, updated_at, finished_at)
  SELECT md5(n::text)::uuid, 'past', 'completed', 'a@example.com', 's', 100, 0, at, at, at
  FROM generate_series(1, 250) AS n, LATERAL (SELECT now() - n * interval '1 day' AS at) AS ended;
  INSERT INTO batch (id, user_id, state, sender, subject, recipients, duplicates)
  SELECT md5(n::text)::uuid, 'now', 'running', 'a@example.com', 's', 100, 0 FROM generate_series(401, 402) AS n;
  INSERT INTO recipient (batch_id, seq, address, address_norm, state, updated_at)
  SELECT b.id, seq, seq || '@example.com', seq || '@example.com', CASE b.state WHEN 'running' THEN 'deferred' ELSE 'sent' END,
    b.updated_at FROM batch b, generate_series(0, 99) AS seq;
  INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, error_code, detail, recorded_at)
  SELECT batch_id, seq, 1, 'deferred', 'w', 'smtp', '451', 'come again', updated_at FROM recipient;
  INSERT INTO recipient_tally (batch_id, state, error_class, error_code, change, seq)
  SELECT id, CASE state WHEN 'running' THEN 'deferred' ELSE 'failed' END, 'transient', '451', 100, 0 FROM batch;
  INSERT INTO chunk (batch_id, number, first_seq, last_seq, due_at, done)
  SELECT b.id, number, number, number, now() + interval '1 day', b.state <> 'running' FROM batch b, generate_series(0, 24) AS number;
  INSERT INTO audit (action, user_id, resource, metadata, ip, user_agent, at, handed_at)
  SELECT 'batch.create', 'past', 'batch', '{}', '127.0.0.1', '', now(), now() FROM generate_series(1, 10000);
  ANALYZE`

/** Tables that keep what is over. Of \`event\` and \`rate\` all rows are of now. */
const OF_THE_PAST = /Seq Scan on (attempt|recipient|chunk|audit|delivery_event|webhook_seen) .*/g

const blocks = runbooks().flatMap((book) => book.blocks)
const statements = [...new Set(blocks.flatMap(statementsIn))]
const calls = blocks.flatMap(callsIn)

describe('a statement of a runbook', () => {
  it.each(statements)('%s', async (statement) => {
    // What cannot be explained is harmless, and carried out.
    const explained = /^(SELECT|UPDATE|DELETE|INSERT)\b/.test(statement)
    const rows = await rig.sql<{ 'QUERY PLAN': string }>(explained ? `EXPLAIN ${statement}` : statement)
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan.match(OF_THE_PAST) ?? [], plan).toEqual([])
  })

  it.each(statements.filter((statement) => /\battempt\b/.test(statement)))(
    'tells what was said: %s',
    async (statement) => {
      expect(await rig.sql(statement)).toEqual([
        expect.objectContaining({ error_code: '451', recipients: '100', words: 'come again' }),
        expect.objectContaining({ error_code: '451', recipients: '100', words: 'come again' }),
      ])
    },
  )

  it('is among others', () => {
    expect(statements.length).toBeGreaterThan(10)
  })
})

it('every request of a runbook is one that a worker takes', async () => {
  const described = (await (await fetch(`${worker.api}/openapi.json`)).json()) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }
  const known = new Map(
    Object.entries(described.paths).map(([path, methods]) => [path.replaceAll(/\{[^}]*\}/g, '{}'), methods]),
  )
  const unknown = calls.filter(
    ({ method, path, internal }) => !internal && known.get(path)?.[method.toLowerCase()] === undefined,
  )
  expect(unknown).toEqual([])
  const inside = [...new Set(calls.filter(({ internal }) => internal).map(({ path }) => path))]
  const answers = await Promise.all(
    inside.map(async (path) => (await fetch(`${worker.internal}${path}`)).status),
  )
  expect(inside.filter((_, index) => answers[index] === 404)).toEqual([])
  expect(inside.length).toBeGreaterThan(2)
})

it('every figure that a runbook greps for is among the metrics of a worker', async () => {
  const metrics = await (await fetch(`${worker.internal}/metrics`)).text()
  const names = blocks.flatMap(({ text }) =>
    [...text.matchAll(/\/metrics" \| grep '\^(batchsender_[a-z_]+)/g)].map(([, name = '']) => name),
  )
  expect(names.length).toBeGreaterThan(2)
  expect(
    names.filter((name) => !metrics.includes(`# TYPE ${name}`) && !metrics.includes(`\n${name}`)),
  ).toEqual([])
})
