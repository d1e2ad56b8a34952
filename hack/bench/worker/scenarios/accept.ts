/** How long the API takes to accept batches at a steady rate while the worker is busy sending. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from '../arena.ts'
import type { WorkerProcess } from '../../../../worker/test/rig.ts'
import { flood, type Shot } from '../../../load/flood.ts'
import { TOKEN } from '../../../../worker/test/rig.ts'
import { percentile } from '../../operator/statistics.ts'
import { batchOf, isOver, post, startWorker } from '../ours.ts'

/** 10,000 in ten minutes. */
export const BATCHES_PER_SECOND = 17
export const BATCH_RECIPIENTS = 10
const PATIENCE_MS = 120_000

export interface Accept {
  readonly batches: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  /** Of everything, while batches came. */
  readonly mailsPerSecond: number
}

/** @param lot recipients of the batches that keep the worker busy. @throws Error unless each mail went once. */
export async function accept(arena: Arena, seconds: number, lot: number): Promise<Accept> {
  const { sink } = arena.rig
  const already = await sink.count()
  const worker = await startWorker(arena, 'accept')
  try {
    const ending = new AbortController()
    const busy = keepBusy(worker, lot, ending.signal)
    while ((await sink.count()) === already) await sleep(20)
    const shots = Array.from({ length: seconds * BATCHES_PER_SECOND }, (_, index) => shotOf(index))
    const sunkBefore = await sink.count()
    const hits = (await flood(worker.api, shots, BATCHES_PER_SECOND)).flat()
    const sunk = (await sink.count()) - sunkBefore
    ending.abort()
    const bad = hits.filter(({ status }) => status !== 202)
    if (bad.length > 0) throw new Error(`${bad.length} of ${shots.length} batches met ${bad[0]?.status}`)
    await allOnce(arena, already, (await busy) * lot + shots.length * BATCH_RECIPIENTS)
    const ms = hits.map((hit) => hit.ms)
    return {
      batches: shots.length,
      p50Ms: percentile(ms, 0.5),
      p95Ms: percentile(ms, 0.95),
      p99Ms: percentile(ms, 0.99),
      mailsPerSecond: sunk / seconds,
    }
  } finally {
    await worker.kill()
  }
}

/** One large batch after the other. @returns how many. */
async function keepBusy(worker: WorkerProcess, lot: number, ending: AbortSignal): Promise<number> {
  let count = 0
  while (!ending.aborted) {
    const id = await post(worker, `busy${count}`, lot)
    count += 1
    while (!(await isOver(worker, id))) await sleep(100)
  }
  return count
}

function shotOf(index: number): Shot {
  const body = JSON.stringify(batchOf(`accept${index}`, BATCH_RECIPIENTS))
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'idempotency-key': `accept-${index}`,
  }
  return { path: '/v1/batches', headers, body }
}

async function allOnce({ rig: { sink } }: Arena, already: number, wanted: number): Promise<void> {
  const until = Date.now() + PATIENCE_MS
  while ((await sink.count()) - already < wanted && Date.now() < until) await sleep(100)
  const messages = await sink.messages(already)
  const distinct = new Set(messages.map(({ recipient }) => recipient)).size
  if (distinct !== wanted || messages.length !== wanted)
    throw new Error(`${messages.length} mails to ${distinct} of ${wanted} recipients`)
}
