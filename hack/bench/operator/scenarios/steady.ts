/** Steady state: nothing happens; what a contestant asks for all the same, and what it holds. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestCounts } from '../requests.ts'
import type { Stage } from '../stage.ts'

export interface SteadyFigures {
  readonly seconds: number
  /** Expected: none. */
  readonly writes: number
  readonly requestsPerMinute: number
  readonly requests: RequestCounts
  readonly cpuSecondsPerMinute: number
  /** At the end. */
  readonly residentMiB: number
}

export async function steady(stage: Stage): Promise<SteadyFigures> {
  const { steadyMs } = stage.durations
  const lastsMs = stage.contestant === 'ours' ? steadyMs.ours : steadyMs.others
  const process = await stage.settled('steady')
  const before = await process.weight()
  const requests = await stage.requestsDuring(process, () => sleep(lastsMs))
  const after = await process.weight()
  const minutes = lastsMs / 60_000
  return {
    seconds: lastsMs / 1_000,
    writes: requests.writes,
    requestsPerMinute: requests.total / minutes,
    requests,
    cpuSecondsPerMinute: (after.cpuSeconds - before.cpuSeconds) / minutes,
    residentMiB: after.residentMiB,
  }
}
