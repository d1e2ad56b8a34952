/** What became of an apply, and how often. */
import type { Contested } from './contests.ts'
import type { KubernetesObject } from './object.ts'
import type { Going } from './going.ts'
import type { Metrics } from './metrics.ts'
import type { Rewrite } from './rewrites.ts'

export type { Contested } from './contests.ts'

export type ApplyOutcome =
  | {
      readonly state: 'unchanged'
      readonly object: KubernetesObject
      readonly rewrite?: Rewrite
      readonly contested?: readonly Contested[]
    }
  | {
      readonly state: 'created' | 'updated'
      readonly object: KubernetesObject
      readonly rewrite?: Rewrite
      readonly contested?: readonly Contested[]
    }
  /** Somebody else's; nothing was written. */
  | { readonly state: 'foreign'; readonly holder: string; readonly orphaned: boolean }
  | Going

const RESULTS = [
  'skipped',
  'created',
  'updated',
  'rewritten',
  'conflicted',
  'foreign',
  'terminating',
] as const

export class OutcomeCounts {
  readonly #metrics: Pick<Metrics, 'applies'>
  readonly #shown = new Set<string>()

  constructor(metrics: Pick<Metrics, 'applies'>) {
    this.#metrics = metrics
  }

  /** From the first apply of a kind on, what has not happened yet counts as nothing. */
  begin(kind: string): void {
    if (this.#shown.has(kind)) return
    this.#shown.add(kind)
    for (const result of RESULTS) this.#metrics.applies.inc({ kind, result }, 0)
  }

  add(kind: string, outcome: ApplyOutcome): void {
    this.#metrics.applies.inc({ kind, result: resultOf(outcome) })
  }
}

function resultOf(outcome: ApplyOutcome): (typeof RESULTS)[number] {
  if ('contested' in outcome) return 'conflicted'
  if (outcome.state === 'unchanged') return outcome.rewrite?.isNew === true ? 'rewritten' : 'skipped'
  return outcome.state
}
