/** Two processes against one, at a provider that takes its time: what a process waits for, not what the machine has. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from '../arena.ts'
import { post, isOver, startWorker } from '../ours.ts'
import { rateBetween } from './drain.ts'

/** Of the provider, to take one mail. */
export const LATENCY_MS = 200

/** @returns mails/s of so many processes. @throws Error unless each had a part in it and each mail went once. */
export async function rateOf(arena: Arena, processes: number, count: number): Promise<number> {
  const { rig } = arena
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: LATENCY_MS }])
  const names = Array.from({ length: processes }, (_, index) => `scale${index}`)
  const workers = await Promise.all(names.map((name) => startWorker(arena, name)))
  const [first] = workers
  if (first === undefined) throw new Error('no process')
  try {
    const id = await post(first, 'scale', count)
    while (!(await isOver(first, id))) await sleep(100)
    const messages = await rig.sink.messages()
    const distinct = new Set(messages.map(({ recipient }) => recipient)).size
    const [row] = await rig.sql<{ n: number }>(
      `SELECT count(DISTINCT split_part(worker, '/', 1))::int AS n FROM attempt WHERE batch_id = $1`,
      [id],
    )
    if (messages.length !== count || distinct !== count || row?.n !== processes)
      throw new Error(`${messages.length} mails to ${distinct} of ${count}, by ${row?.n} of ${processes}`)
    return rateBetween(messages)
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
  }
}
