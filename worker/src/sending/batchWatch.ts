/** What the outcomes of single mails mean for their batches: one whose sender is refused ends, one whose mails all are waits. */
import type { Claimed, Outcome, Work } from './ports.ts'
import type { DominantRefusal } from '../domain/pauseReason.ts'
import type { RetryClass } from '../domain/retryClasses.ts'
import { refusalKey } from '../domain/pauseReason.ts'
import { Recent } from '../runtime/recent.ts'
import { RefusalWindow } from './refusalWindow.ts'

export type Consequence =
  | { readonly kind: 'fail'; readonly code: string }
  | { readonly kind: 'pause'; readonly refusal: DominantRefusal }

/** One run of a batch, between two pauses. */
interface Watched {
  readonly window: RefusalWindow
  /** A refusal of the sender, and of which recipient's mail. */
  suspicion: { readonly code: string; readonly seq: number } | undefined
}

/**
 * What says something of the mails and nothing of the way to the provider, which the gate looks after, and from which try
 * on. Who is refused for now is tried for ten hours: greylisting and an outage end by themselves, and what goes on for
 * more than an hour does not.
 */
const COUNTED_FROM_TRY: Partial<Record<RetryClass, number>> = { recipient: 1, mismatch: 1, transient: 8 }
/** Batches remembered at once: those beyond are as good as new. */
const REMEMBERED = 1_000

export class BatchWatch {
  readonly #watched = new Recent<Watched>(REMEMBERED)

  /** @returns what is to be done about the batch. */
  note(work: Work, claimed: Pick<Claimed, 'seq' | 'tries'>, outcome: Outcome): Consequence | undefined {
    const watched = this.#of(work)
    if (outcome.retryClass === 'accepted') {
      watched.suspicion = undefined
      watched.window.accepted()
      return undefined
    }
    return outcome.retryClass === 'sender'
      ? suspect(watched, work, claimed.seq, outcome.code ?? 'sender')
      : weigh(watched, work, claimed.tries + 1, outcome)
  }

  #of({ batchId, run, resumed = '' }: Work): Watched {
    return this.#watched.use(`${batchId}:${run}:${resumed}`, () => ({
      window: new RefusalWindow(),
      suspicion: undefined,
    }))
  }
}

/** One server that errs once ends nobody's batch: the same has to be said of a second recipient's mail, if there is one. */
function suspect(watched: Watched, work: Work, seq: number, code: string): Consequence | undefined {
  const { suspicion } = watched
  const isSure = suspicion?.code === code && suspicion.seq !== seq
  if (isSure || work.recipients === 1) return { kind: 'fail', code }
  watched.suspicion = { code, seq }
  return undefined
}

function weigh(watched: Watched, work: Work, tried: number, outcome: Outcome): Consequence | undefined {
  const { retryClass, code = null, enhancedCode = null, detail } = outcome
  const from = COUNTED_FROM_TRY[retryClass]
  if (from === undefined || tried < from) return undefined
  const refusal = { class: retryClass, code, enhancedCode }
  if (work.accepted.includes(refusalKey(refusal))) return undefined
  const dominant = watched.window.refused(refusal, detail)
  return dominant && { kind: 'pause', refusal: dominant }
}
