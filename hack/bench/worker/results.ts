import type { FloodFigures } from '../../load/webhookFlood.ts'
import type { Accept } from './scenarios/accept.ts'
import type { Campaign } from './scenarios/campaign.ts'
import type { Crash } from './scenarios/crash.ts'
import type { Fairness } from './scenarios/fairness.ts'
import type { History } from './scenarios/history.ts'
import type { Drain } from './scenarios/drain.ts'

/** What one contestant came to in one round; a fault instead where it did not. */
export interface Result {
  readonly contestant: string
  readonly round: number
  readonly drain?: Drain
  /** Over `LONG_LINE`. */
  readonly drainLate?: Drain
  readonly crashes?: readonly Crash[]
  readonly fault?: string
}

export interface Results {
  readonly contestants: readonly Result[]
  /** One for each round. */
  readonly accepts: readonly Accept[]
  /** Mails/s of one process and of two, for each round. */
  readonly scales: readonly (readonly number[])[]
  readonly fairness: readonly Fairness[]
  readonly histories: readonly History[]
  readonly campaigns: readonly Campaign[]
  readonly floods: readonly {
    readonly kill: boolean
    readonly figures: FloodFigures
    readonly faults: readonly string[]
  }[]
  /** What ours did not come to by itself. */
  readonly faults: readonly string[]
}

export interface Conditions {
  readonly count: number
  readonly lateCount: number
  readonly crashCount: number
  readonly scaleCount: number
  readonly fairnessCount: number
  readonly campaignCount: number
  readonly campaignSent: number
  readonly historyCount: number
  readonly acceptSeconds: number
  readonly floodSeconds: number
  readonly floodPerSecond: number
  readonly rounds: number
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly command: string
}

/** In words. */
export function faultsIn({ contestants, floods, faults }: Results): readonly string[] {
  return [
    ...contestants.flatMap(({ contestant, round, fault }) =>
      fault === undefined ? [] : [`${contestant}, round ${round}: ${fault}`],
    ),
    ...floods.flatMap((each) =>
      each.faults.map((fault) => `flood${each.kill ? ' with a SIGKILL' : ''}: ${fault}`),
    ),
    ...faults,
  ]
}
