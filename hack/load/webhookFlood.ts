/** Webhooks of Amazon SES at a steady rate against one worker, and what the database has of them in the end. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rig } from '../../worker/test/rig.ts'
import type { Hit, Shot } from './flood.ts'
import { isFinished, startRig } from '../../worker/test/rig.ts'
import { until } from '../../worker/test/until.ts'
import { sesEvent } from '../standins/providerEvents.ts'
import { notification, signed, startSnsDouble, TOPIC, type SnsDouble } from '../standins/sns.ts'
import { flood } from './flood.ts'

const RECIPIENTS = 1_000
const FORGED_EVERY = 100
const APPLIED_WITHIN_MS = 120_000

export interface FloodOptions {
  readonly seconds: number
  readonly perSecond: number
  /** Half-way, with SIGKILL; the worker is started again at once. */
  readonly kill: boolean
  readonly tell?: (line: string) => void
}

interface Prepared extends Shot {
  readonly id: string
  readonly isForged: boolean
}

export type FloodFigures = ReturnType<typeof summarise> & Awaited<ReturnType<typeof stored>>

/** @returns what was counted, and in words whatever of it is not as it should be. */
export async function webhookFlood(
  options: FloodOptions,
): Promise<{ readonly figures: FloodFigures; readonly faults: readonly string[] }> {
  const [rig, sns] = await Promise.all([startRig({ postgresSettings: ['fsync=on'] }), startSnsDouble()])
  try {
    const figures = await floodOf(rig, sns, options)
    return { figures, faults: faultsOf(figures) }
  } finally {
    await rig.stop()
    await sns.close()
  }
}

async function floodOf(rig: Rig, sns: SnsDouble, options: FloodOptions): Promise<FloodFigures> {
  const { seconds, perSecond, kill, tell = () => undefined } = options
  // Nobody listens there, so that the events stay in the outbox and can be counted.
  const worker = await rig.worker(
    { sesTopicArns: [TOPIC], logLevel: 'warn', clickhouseUrl: 'http://127.0.0.1:9' },
    { SNS_ORIGIN: sns.origin },
  )
  const batchId = await worker.accept(RECIPIENTS)
  await until(() => worker.batch(batchId), isFinished, worker.log)
  const shots = Array.from({ length: seconds * perSecond }, (_, index) => prepare(index, batchId, sns))
  tell(`${shots.length} messages signed, ${perSecond}/s for ${seconds} s${kill ? ', with a SIGKILL' : ''}`)

  const flooding = flood(worker.api, shots, perSecond)
  if (kill) {
    await sleep((seconds * 1_000) / 2)
    await worker.kill()
    await worker.start()
  }
  return { ...summarise(shots, await flooding), ...(await stored(rig, shots, batchId)) }
}

function prepare(index: number, batchId: string, sns: SnsDouble): Prepared {
  const id = randomUUID()
  const seq = index % RECIPIENTS
  const event = sesEvent('Delivery', { batchId, seq, address: `r${seq}@example.org`, messageId: id })
  const fields = signed(notification(event, { MessageId: id, SignatureVersion: '2' }), sns.privateKey)
  const isForged = index % FORGED_EVERY === 0
  const body = JSON.stringify(isForged ? { ...fields, Message: `${fields['Message'] ?? ''} ` } : fields)
  const headers = {
    'content-type': 'text/plain; charset=UTF-8',
    'content-length': String(Buffer.byteLength(body)),
  }
  return { id, isForged, path: '/webhooks/ses', headers, body }
}

function summarise(prepared: readonly Prepared[], hits: readonly (readonly Hit[])[]) {
  const statuses: Record<string, number> = {}
  for (const { status } of hits.flat()) statuses[status] = (statuses[status] ?? 0) + 1
  const last = (index: number) => hits[index]?.at(-1)?.status
  const answered = (isForged: boolean, status: number) =>
    prepared.filter((one, index) => one.isForged === isForged && last(index) === status).length
  const ms = hits.flatMap((each) => each.filter(({ status }) => status > 0).map((hit) => hit.ms))
  ms.sort((a, b) => a - b)
  const percentile = (share: number) => Number((ms[Math.floor((ms.length - 1) * share)] ?? 0).toFixed(1))
  return {
    genuine: prepared.filter(({ isForged }) => !isForged).length,
    genuineTaken: answered(false, 200),
    forged: prepared.filter(({ isForged }) => isForged).length,
    forgedRefused: answered(true, 401),
    answers: statuses,
    ms: { p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99), max: percentile(1) },
  }
}

/** What the database has of it, once everything had its effect. */
async function stored(from: Rig, prepared: readonly Prepared[], batchId: string) {
  await until(
    () => from.sql('SELECT FROM webhook_inbox LIMIT 1'),
    (rows) => rows.length === 0,
    () => 'effects are missing',
    APPLIED_WITHIN_MS,
  )
  const count = async (isForged: boolean) => {
    const ids = prepared.filter((one) => one.isForged === isForged).map(({ id }) => id)
    const [row] = await from.sql<{ n: number }>(
      'SELECT count(*)::int AS n FROM webhook_seen WHERE message_id = ANY($1)',
      [ids],
    )
    return row?.n ?? 0
  }
  const [events] = await from.sql<{ n: number }>(
    `SELECT count(*)::int AS n FROM event WHERE event = 'delivered'`,
  )
  const [delivered] = await from.sql<{ n: number }>(
    `SELECT count(*)::int AS n FROM recipient WHERE batch_id = $1 AND delivery = 'delivered'`,
    [batchId],
  )
  return {
    genuineStored: await count(false),
    forgedStored: await count(true),
    events: events?.n ?? 0,
    recipientsDelivered: delivered?.n ?? 0,
  }
}

function faultsOf(figures: FloodFigures): string[] {
  const { genuine, forged } = figures
  const wanted = {
    genuineTaken: genuine,
    genuineStored: genuine,
    events: genuine,
    forgedRefused: forged,
    forgedStored: 0,
    recipientsDelivered: Math.min(RECIPIENTS - RECIPIENTS / FORGED_EVERY, genuine),
  }
  return Object.entries(wanted)
    .filter(([name, count]) => figures[name as keyof typeof wanted] !== count)
    .map(([name, count]) => `${name}: ${figures[name as keyof typeof wanted]} instead of ${count}`)
}
