/** Cold start: a new process over objects that are all as they should be; what it asks for and what it writes. */
import type { RequestCounts } from '../requests.ts'
import type { Stage } from '../stage.ts'
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

export async function coldStart(stage: Stage, scenario = 'cold'): Promise<ColdStartFigures> {
  const process = await stage.start(scenario)
  const requests = await Promise.race([stage.plane.untilQuiet(process.user), process.failed])
  const lastAt = Math.max(
    ...requests.map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp)),
  )
  const { cpuSeconds, mostResidentMiB, residentMiB } = await process.weight()
  return {
    quietAfterSeconds: (lastAt - process.startedAt.getTime()) / 1_000,
    cpuSeconds,
    mostResidentMiB,
    residentMiB,
    requests: countsOf(requests),
  }
}
