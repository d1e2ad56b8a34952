/** What one worker claimed in the last hour, kept outside of PostgreSQL: of whom a mail may have gone, whatever it says. */
import type { Claimed } from '../sending/ports.ts'

export interface Known {
  readonly batchId: string
  readonly seq: number
  readonly attempt: number
  readonly holder: string
}

interface Claim {
  readonly batchId: string
  readonly atMs: number
  readonly seqs: number[]
  /** 0 for whom no mail went. */
  readonly attempts: number[]
}

export interface JournalBounds {
  readonly keptMs: number
  /** Some twenty bytes each. */
  readonly mostMails: number
}

const BOUNDS: JournalBounds = { keptMs: 3_600_000, mostMails: 500_000 }

export class Journal {
  readonly #claims = new Map<string, Claim>()
  readonly #bounds: JournalBounds
  #mails = 0

  constructor(bounds: JournalBounds = BOUNDS) {
    this.#bounds = bounds
  }

  /** @param claimed of one claim @param nowMs monotonic */
  note(claimed: readonly Claimed[], nowMs: number): void {
    const [first] = claimed
    if (first === undefined) return
    this.#claims.set(first.holder, {
      batchId: first.batchId,
      atMs: nowMs,
      seqs: claimed.map(({ seq }) => seq),
      attempts: claimed.map(({ attempt }) => attempt),
    })
    this.#mails += claimed.length
    this.#drop(nowMs)
  }

  /** Surely no mail went. */
  forget({ holder, seq }: Claimed): void {
    const claim = this.#claims.get(holder)
    const index = claim?.seqs.indexOf(seq) ?? -1
    if (claim !== undefined && index >= 0) claim.attempts[index] = 0
  }

  /** One by one: all at once they would take as much memory as everything else. */
  *known(): Generator<Known> {
    for (const [holder, { batchId, seqs, attempts }] of this.#claims)
      for (const [index, seq] of seqs.entries()) {
        const attempt = attempts[index] ?? 0
        if (attempt > 0) yield { batchId, seq, attempt, holder }
      }
  }

  /** The oldest are first. */
  #drop(nowMs: number): void {
    const { keptMs, mostMails } = this.#bounds
    for (const [holder, { atMs, seqs }] of this.#claims) {
      if (this.#mails <= mostMails && nowMs - atMs <= keptMs) return
      this.#claims.delete(holder)
      this.#mails -= seqs.length
    }
  }
}
