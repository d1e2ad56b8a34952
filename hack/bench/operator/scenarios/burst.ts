/** Burst create: N objects at a fixed rate; how long until each is ready, and what that cost. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningContestant } from '../contestant.ts'
import type { Plane } from '../plane.ts'
import type { RequestCounts } from '../requests.ts'
import type { Stage } from '../stage.ts'
import { joinKey, pathOf } from '../../../../operator/src/runtime/object.ts'
import { faultsOf } from '../checker.ts'
import { BENCH, benchOf } from '../fixture.ts'
import { NAMESPACE } from '../plane.ts'
import { countsOf } from '../requests.ts'
import { percentile } from '../statistics.ts'

export interface BurstFigures {
  readonly objectsPerSecond: number
  /** From the request that created an object until it was seen ready. */
  readonly readyMs: { readonly p50: number; readonly p95: number; readonly p99: number }
  readonly cpuSeconds: number
  readonly mostResidentMiB: number
  /** Of the whole burst, until it asked for nothing more. */
  readonly requests: RequestCounts
}

const RATE_PER_SECOND = 500
const CANARY = 'canary'
const STARTING_MS = 60_000
/** Four times what the slowest needed that came to its end with 1,000 objects. */
const MS_PER_OBJECT = 100
const FAULTS_SHOWN = 3

/** @throws Error when it does not do all the work. */
export async function burst(stage: Stage): Promise<BurstFigures> {
  const { plane, count } = stage
  const contestant = await stage.start('burst')
  const { user } = contestant
  await create(plane, CANARY)
  await allReady(plane, contestant, 1, STARTING_MS)
  const seen = new Set((await plane.untilQuiet(user)).map(({ auditID }) => auditID))
  const before = await contestant.weight()

  const sentAt = new Map<string, number>()
  const startedAt = performance.now()
  const creations = Array.from({ length: count }, async (_, index) => {
    await sleep((index * 1_000) / RATE_PER_SECOND)
    const name = nameOf(index)
    sentAt.set(joinKey(NAMESPACE, name), performance.now())
    await create(plane, name)
  })
  await Promise.race([Promise.all(creations), contestant.failed])
  await allReady(plane, contestant, count + 1, STARTING_MS + count * MS_PER_OBJECT)

  const requests = await plane.untilQuiet(user)
  const after = await contestant.weight()
  insistOnWork(plane)
  const { readyAt } = plane.observer
  const readyMs = [...sentAt].map(([key, at]) => (readyAt.get(key) ?? Number.NaN) - at)
  const lastMs = Math.max(...[...sentAt.keys()].map((key) => readyAt.get(key) ?? Number.NaN))
  return {
    objectsPerSecond: (count * 1_000) / (lastMs - startedAt),
    readyMs: {
      p50: percentile(readyMs, 0.5),
      p95: percentile(readyMs, 0.95),
      p99: percentile(readyMs, 0.99),
    },
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    mostResidentMiB: after.mostResidentMiB,
    requests: countsOf(requests.filter(({ auditID }) => !seen.has(auditID))),
  }
}

/** @throws Error naming the first things that are not as they should be. */
export function insistOnWork({ observer }: Plane): void {
  const faults = faultsOf(observer.benches(), (kind, name) => observer.get(kind, joinKey(NAMESPACE, name)))
  if (faults.length > 0)
    throw new Error(`the work is not done (${faults.length}): ${faults.slice(0, FAULTS_SHOWN).join('; ')}`)
}

export function nameOf(index: number): string {
  return `bench-${index}`
}

async function create({ client }: Plane, name: string): Promise<void> {
  await client.request({
    method: 'POST',
    path: pathOf(BENCH, NAMESPACE),
    body: benchOf(NAMESPACE, name),
    deadlineMs: 120_000,
  })
}

async function allReady(
  { observer }: Plane,
  contestant: RunningContestant,
  count: number,
  deadlineMs: number,
): Promise<void> {
  const end = performance.now() + deadlineMs
  while (observer.readyAt.size < count) {
    if (performance.now() > end)
      throw new Error(`only ${observer.readyAt.size} of ${count} were ready after ${deadlineMs / 1_000} s`)
    await Promise.race([sleep(20), contestant.failed])
  }
}
