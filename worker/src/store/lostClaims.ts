/** Claims whose answer was lost: the server may have carried them out, or may yet, and nobody ever saw their rows. */
import type { Work } from '../sending/ports.ts'
import type { Database } from './database.ts'
import type { ResultOptions } from './results.ts'
import { recordResults } from './recordResults.ts'

interface Lost {
  readonly work: Work
  readonly untilMs: number
}

interface Row extends Record<string, unknown> {
  readonly seq: number
  readonly attempt: number
  readonly tries: number
}

const AGAIN_MS = 2_000

export class LostClaims {
  readonly #database: Database
  readonly #options: ResultOptions
  readonly #rememberMs: number
  readonly #lost = new Map<string, Lost>()
  #timer: NodeJS.Timeout | undefined

  /** @param rememberMs for how long a server may still carry out what it was asked */
  constructor(database: Database, options: ResultOptions, rememberMs: number) {
    this.#database = database
    this.#options = options
    this.#rememberMs = rememberMs
  }

  /** Their leases are not to be prolonged. */
  get holders(): readonly string[] {
    return [...this.#lost.keys()]
  }

  /** Its rows go back now, and for as long as some may still turn up. */
  async add(holder: string, work: Work): Promise<void> {
    this.#lost.set(holder, { work, untilMs: performance.now() + this.#rememberMs })
    this.#timer ??= setInterval(() => {
      void this.giveBack()
    }, AGAIN_MS).unref()
    await this.giveBack()
  }

  /** Never rejects: what cannot be given back now is tried again. */
  async giveBack(): Promise<void> {
    for (const [holder, lost] of this.#lost) {
      try {
        await this.#giveBack(holder, lost.work)
      } catch {
        continue
      }
      if (performance.now() >= lost.untilMs) this.#lost.delete(holder)
    }
    if (this.#lost.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #giveBack(holder: string, { batchId, firstSeq, lastSeq }: Work): Promise<void> {
    const where = [batchId, firstSeq, lastSeq, holder]
    await this.#database.query(
      `UPDATE recipient SET state = 'pending', worker = NULL, lease_until = NULL
       WHERE batch_id = $1 AND seq BETWEEN $2 AND $3 AND state = 'sending' AND worker = $4`,
      where,
    )
    // Another worker may have found their leases over: now it is known that nothing was sent.
    const judged = await this.#database.query<Row>(
      `SELECT seq, attempt, tries FROM recipient WHERE batch_id = $1 AND seq BETWEEN $2 AND $3
         AND state IN ('uncertain', 'deferred') AND error_code = 'lease_expired' AND worker = $4`,
      where,
    )
    if (judged.length === 0) return
    const results = judged.map(({ seq, attempt, tries }) => ({
      claimed: { batchId, seq, attempt, tries, ageMs: 0, holder, address: '', variables: {} },
      state: 'deferred' as const,
      retryClass: 'unreachable' as const,
      tries: Math.max(0, tries - 1),
      dueMs: 0,
      startedAt: new Date(),
      code: 'claim_lost',
      providerMessageId: undefined,
      reply: {},
    }))
    await recordResults(this.#database, results, this.#options)
  }
}
