/** A batch of one beside a large one: how long it takes, and what the large one loses by it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from '../arena.ts'
import type { WorkerProcess } from '../../../../worker/test/rig.ts'
import { post, isOver, startWorker } from '../ours.ts'

export interface Case {
  /** Mails a second that all workers may send together; undefined for no limit. */
  readonly maxPerSecond: number | undefined
  readonly workers: number
}

export interface Fairness extends Case {
  /** From the request for the small batch to its end. */
  readonly smallSeconds: number
  /** Mails a second of the large batch, over the same stretch, with nothing beside it. */
  readonly alone: number
  readonly beside: number
}

export const FAIRNESS_CASES: readonly Case[] = [
  { maxPerSecond: 100, workers: 1 },
  { maxPerSecond: 100, workers: 2 },
  { maxPerSecond: undefined, workers: 1 },
  { maxPerSecond: undefined, workers: 2 },
]

/** The small one comes so long after the large one. */
export const AFTER_MS = 3_000
/** Over which a rate is taken: of a limited batch not all is waited for. */
const STRETCH_MS = 15_000

interface Run {
  readonly rate: number
  readonly smallSeconds: number | undefined
}

/** @param open gives a new arena for each run. */
export async function fairnessOf(
  inArena: <Value>(work: (arena: Arena) => Promise<Value>) => Promise<Value>,
  given: Case,
  count: number,
): Promise<Fairness> {
  const alone = await inArena((arena) => run(arena, given, count, false))
  const beside = await inArena((arena) => run(arena, given, count, true))
  return { ...given, smallSeconds: beside.smallSeconds ?? NaN, alone: alone.rate, beside: beside.rate }
}

async function run(
  arena: Arena,
  { maxPerSecond, workers }: Case,
  count: number,
  hasSmall: boolean,
): Promise<Run> {
  const settings = maxPerSecond === undefined ? {} : { maxPerSecond }
  const processes = await Promise.all(
    Array.from({ length: workers }, (_, index) => startWorker(arena, `fair${index}`, settings)),
  )
  const [first, second = first] = processes
  if (first === undefined || second === undefined) throw new Error('no process')
  try {
    const large = await post(first, 'large', count)
    await sleep(AFTER_MS)
    const smallSeconds = hasSmall ? await secondsOfOne(second) : undefined
    const untilMs = Date.now() + STRETCH_MS
    while (Date.now() < untilMs && !(await isOver(first, large))) await sleep(100)
    return { rate: await rateOf(arena, large), smallSeconds }
  } finally {
    await Promise.all(processes.map((each) => each.kill()))
  }
}

async function secondsOfOne(worker: WorkerProcess): Promise<number> {
  const startedAtMs = performance.now()
  const id = await post(worker, 'small', 1)
  while (!(await isOver(worker, id))) await sleep(20)
  return (performance.now() - startedAtMs) / 1_000
}

/** Between the first and the last mail of the batch, within the stretch. */
async function rateOf({ rig }: Arena, batchId: string): Promise<number> {
  const instants = (await rig.sink.messages())
    .filter(({ headers }) => headers['x-batch-id'] === batchId)
    .map(({ receivedAt }) => Date.parse(receivedAt))
  const first = Math.min(...instants)
  const within = instants.filter((instant) => instant - first <= STRETCH_MS)
  return ((within.length - 1) * 1_000) / (Math.max(...within) - first)
}
