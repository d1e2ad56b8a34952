/** Cold start: a new process over objects that are all as they should be; what it asks for and what it writes. */
import type { RunningContestant } from '../contestant.ts'
import type { Plane } from '../plane.ts'
import type { RequestCounts } from '../requests.ts'
import { countsOf } from '../requests.ts'

export interface ColdStartFigures {
  /** From the start of the process to its last request before it was quiet. */
  readonly quietAfterSeconds: number
  readonly cpuSeconds: number
  readonly mostResidentMiB: number
  /** After it was quiet. */
  readonly residentMiB: number
  readonly requests: RequestCounts
}

/** @param startedAt when the process began, by the clock that the audit log goes by. */
export async function coldStart(
  plane: Plane,
  contestant: RunningContestant,
  user: string,
  startedAt: Date,
): Promise<ColdStartFigures> {
  const requests = await Promise.race([plane.untilQuiet(user), contestant.failed])
  const lastAt = Math.max(
    ...requests.map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp)),
  )
  const { cpuSeconds, mostResidentMiB, residentMiB } = await contestant.weight()
  return {
    quietAfterSeconds: (lastAt - startedAt.getTime()) / 1_000,
    cpuSeconds,
    mostResidentMiB,
    residentMiB,
    requests: countsOf(requests),
  }
}
