/** Rounds of all contestants, alternating, each on an API server of its own that has seen nobody else. */
import type { Command, Contestant } from './contestants.ts'
import type { BurstFigures } from './scenarios/burst.ts'
import type { ColdStartFigures } from './scenarios/coldStart.ts'
import type { HealFigures } from './scenarios/heal.ts'
import { startContestant, type RunningContestant } from './contestant.ts'
import { startPlane, type Plane } from './plane.ts'
import { burst } from './scenarios/burst.ts'
import { coldStart } from './scenarios/coldStart.ts'
import { heal } from './scenarios/heal.ts'

export interface Figures {
  readonly burst?: BurstFigures
  readonly coldStart?: ColdStartFigures
  readonly heal?: HealFigures
}

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
  readonly onRun?: (run: Run) => void
}

export async function benchmark({
  contestants,
  count,
  rounds,
  onRun,
}: BenchmarkOptions): Promise<readonly Run[]> {
  // Nothing is built while others are measured.
  const commands = new Map<Contestant, Command | Error>()
  for (const contestant of contestants) commands.set(contestant, await contestant.prepare().catch(errorOf))
  const runs: Run[] = []
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of rotated(contestants, round - 1)) {
      const { name, settings } = contestant
      const command = commands.get(contestant)
      const outcome =
        command === undefined || command instanceof Error
          ? { fault: `it could not be prepared: ${command?.message ?? ''}` }
          : await measure(name, command, count)
      const run = { contestant: name, settings, round, ...outcome }
      runs.push(run)
      onRun?.(run)
    }
  }
  return runs
}

async function measure(name: string, command: Command, count: number): Promise<Figures & { fault?: string }> {
  const figures: { -readonly [Scenario in keyof Figures]: Figures[Scenario] } = {}
  let plane: Plane | undefined
  let contestant: RunningContestant | undefined
  try {
    plane = await startPlane()
    const users = { burst: `${name}-burst`, cold: `${name}-cold` }
    contestant = startContestant(command, await plane.kubeconfigFor(users.burst))
    figures.burst = await burst(plane, contestant, users.burst, count)
    await contestant.stop()

    const kubeconfig = await plane.kubeconfigFor(users.cold)
    const startedAt = new Date()
    contestant = startContestant(command, kubeconfig)
    figures.coldStart = await coldStart(plane, contestant, users.cold, startedAt)
    figures.heal = await heal(plane, contestant, count)
    return figures
  } catch (error) {
    return { ...figures, fault: `${errorOf(error).message}\n${contestant?.output() ?? ''}`.trim() }
  } finally {
    await contestant?.stop()
    await plane?.stop()
  }
}

/** Who goes first changes from round to round. */
export function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const from = by % Math.max(1, items.length)
  return [...items.slice(from), ...items.slice(0, from)]
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
