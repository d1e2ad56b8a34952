/** Everything that the way of a BatchSender knows of one kind of effect. */
import type { Claim } from '../../runtime/ownership.ts'
import type { Contest, Outcome, Remembered } from '../ports.ts'
import type { Desired } from '../../components/desired.ts'
import type { Difference } from '../../runtime/differences.ts'
import type { Pauses } from '../../runtime/repetitions.ts'
import type { Sender } from '../../components/snapshot.ts'
import type { Tools } from '../tools.ts'

export interface EffectContext {
  readonly sender: Sender
  readonly now: Date
  readonly claim: Claim
  readonly tools: Tools
  readonly signal: AbortSignal
}

/** What one write came to. */
export interface Written {
  readonly outcome: Outcome
  readonly contests?: readonly Contest[]
  /** What admission made of it, told for the first time. */
  readonly rewritten?: readonly Difference[]
}

export type Done = Outcome & { readonly state: 'done' }

export interface SenderEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export interface Effect<Wish extends Desired> {
  /** Of what comes first; those of one rank need nothing of each other. */
  rank(wish: Wish): number
  /** `Deployment orders-worker`, as messages name what it was about. */
  noun(wish: Wish): string
  /** What a person is told of what was done. @param settled all, or this part, had been brought to its end before */
  event(wish: Wish, done: Done, settled: boolean): SenderEvent
  carryOut(wish: Wish, context: EffectContext): Promise<Written>
  /** What is remembered of the world and no longer so, by what became of it. */
  readonly outdates?: ByOutcome<Remembered>
  /** For what may be wished for again and again without an end: each time waits longer than the one before. */
  readonly repeated?: {
    /** The same for the same. */
    words(wish: Wish, sender: Sender): string
    readonly pauses: ByOutcome<Pauses>
  }
}

type ByOutcome<Value> = Readonly<Partial<Record<Outcome['state'], Value>>>

/** Of what is there as a whole or not at all. */
export function eventOfChange({ change, what }: Done, settled: boolean): SenderEvent {
  if (change === 'removed') return { type: 'Normal', reason: 'Removed', message: `${what} was removed` }
  if (change === 'created')
    return settled
      ? { type: 'Warning', reason: 'Healed', message: `${what} was gone and is back` }
      : { type: 'Normal', reason: 'Created', message: `${what} was created` }
  return {
    type: 'Normal',
    reason: settled ? 'Healed' : 'Updated',
    message: `${what} was brought back in line`,
  }
}
