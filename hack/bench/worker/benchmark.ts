/** Every contestant in every round, in an order that changes; each round in an arena of its own. */
import type { Contestant } from './contestants.ts'
import type { Result } from './report.ts'
import { openArena, type Arena } from './arena.ts'
import { crash, type Crash } from './scenarios/crash.ts'
import { drain } from './scenarios/drain.ts'

const SHARES = [0.2, 0.4, 0.6, 0.8]

export interface Options {
  readonly contestants: readonly Contestant[]
  readonly count: number
  /** Mails of each run that is killed; 0 kills nobody. Only in the first round: what is counted there is no time. */
  readonly crashCount: number
  readonly rounds: number
  readonly onResult: (result: Result) => void
}

export async function benchmark(options: Options): Promise<readonly Result[]> {
  const results: Result[] = []
  for (let round = 1; round <= options.rounds; round += 1) {
    const { contestants } = options
    const turn = (round - 1) % contestants.length
    for (const contestant of [...contestants.slice(turn), ...contestants.slice(0, turn)]) {
      const result = await attempt(contestant, round, options)
      results.push(result)
      options.onResult(result)
    }
  }
  return results
}

async function attempt(contestant: Contestant, round: number, options: Options): Promise<Result> {
  const { name } = contestant
  const kills = round === 1 && contestant.isCeiling !== true && options.crashCount > 0
  try {
    const drained = await inArena((arena) => drain(arena, contestant, 'drain', options.count))
    return {
      contestant: name,
      round,
      drain: drained,
      ...(kills && { crashes: await crashes(contestant, options.crashCount) }),
    }
  } catch (error) {
    return { contestant: name, round, fault: error instanceof Error ? error.message : String(error) }
  }
}

async function crashes(contestant: Contestant, count: number): Promise<readonly Crash[]> {
  const results: Crash[] = []
  for (const share of SHARES)
    results.push(await inArena((arena) => crash(arena, contestant, `crash${share * 100}`, count, share)))
  return results
}

/** A new one each time: nobody meets what another one, or a run that was killed, left in the database. */
async function inArena<Value>(work: (arena: Arena) => Promise<Value>): Promise<Value> {
  const arena = await openArena()
  try {
    return await work(arena)
  } finally {
    await arena.stop()
  }
}
