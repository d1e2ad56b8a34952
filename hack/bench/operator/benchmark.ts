/** Rounds of all contestants, alternating, each on an API server of its own that has seen nobody else. */
import type { Command, Contestant } from './contestants.ts'
import { QUICK, type Durations } from './durations.ts'
import { FAULT_NAMES, type FaultName } from './scenarios/faults.ts'
import { startPlane, type Plane } from './plane.ts'
import { IN_EVERY_ROUND, SCENARIO_NAMES, SCENARIOS, type Figures, type ScenarioName } from './scenarios.ts'
import { Stage } from './stage.ts'

/** One contestant in one round. A scenario without figures was not reached. */
export interface Run extends Figures {
  readonly contestant: string
  readonly settings: string
  readonly round: number
  /** Why it did not come to its end. */
  readonly fault?: string
}

export interface BenchmarkOptions {
  readonly contestants: readonly Contestant[]
  readonly count: number
  readonly rounds: number
  /** All of them when left out. */
  readonly scenarios?: readonly ScenarioName[]
  /** Scenarios that the others are spared. */
  readonly forOurs?: readonly ScenarioName[]
  /** All of them when left out. */
  readonly faults?: readonly FaultName[]
  readonly durations?: Durations
  readonly onScenario?: (contestant: string, round: number, scenario: ScenarioName) => void
  readonly onRun?: (run: Run) => void
}

export interface Result {
  readonly runs: readonly Run[]
  /** Who could not be prepared, and why. */
  readonly absent: readonly string[]
}

export async function benchmark(options: BenchmarkOptions): Promise<Result> {
  // Nothing is built while others are measured.
  const present: Participant[] = []
  const absent: string[] = []
  for (const contestant of options.contestants) {
    try {
      present.push({ contestant, command: await contestant.prepare() })
    } catch (error) {
      absent.push(`${contestant.name} did not install: ${errorOf(error).message}`)
    }
  }
  const runs: Run[] = []
  const isOut = (name: string) => runs.some((run) => run.contestant === name && run.burst === undefined)
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const participant of rotated(present, round - 1)) {
      const { name, settings } = participant.contestant
      // Whoever did not get through the burst would keep the others waiting for nothing.
      if (isOut(name)) continue
      const run = {
        contestant: name,
        settings,
        round,
        ...(await measure(participant, options, round)),
      }
      runs.push(run)
      options.onRun?.(run)
    }
  }
  return { runs, absent }
}

interface Participant {
  readonly contestant: Contestant
  readonly command: Command
}

async function measure(
  { contestant, command }: Participant,
  options: BenchmarkOptions,
  round: number,
): Promise<Figures & { fault?: string }> {
  let plane: Plane
  try {
    plane = await startPlane()
  } catch (error) {
    return { fault: `no API server: ${errorOf(error).message}` }
  }
  const { count, durations = QUICK, faults: chosen = FAULT_NAMES } = options
  const elected = contestant.elected?.(command)
  const stage = new Stage({
    plane,
    contestant: contestant.name,
    command,
    elected,
    count,
    durations,
    faults: chosen,
  })
  const faults: string[] = []
  let figures: Figures = {}
  try {
    for (const name of due(wantedOf(contestant, options), round)) {
      options.onScenario?.(contestant.name, round, name)
      try {
        figures = { ...figures, ...(await SCENARIOS[name](stage)) }
      } catch (error) {
        faults.push(`${name}: ${errorOf(error).message}\n${stage.output()}`.trim())
        // There is nothing to go on with.
        if (name === 'burst') break
        plane.proxy.heal()
      }
      await stage.clear()
    }
  } finally {
    await stage.clear()
    await plane.stop()
  }
  return { ...figures, ...(faults.length > 0 && { fault: faults.join('\n') }) }
}

function wantedOf({ name }: Contestant, options: BenchmarkOptions): readonly ScenarioName[] {
  const { scenarios = SCENARIO_NAMES, forOurs = [] } = options
  return name === 'ours' ? scenarios : scenarios.filter((each) => !forOurs.includes(each))
}

/** What is played in a round. */
export function due(wanted: readonly ScenarioName[], round: number): readonly ScenarioName[] {
  return SCENARIO_NAMES.filter(
    (name) => name === 'burst' || (wanted.includes(name) && (round === 1 || IN_EVERY_ROUND.has(name))),
  )
}

/** Who goes first changes from round to round. */
export function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const from = by % Math.max(1, items.length)
  return [...items.slice(from), ...items.slice(0, from)]
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
