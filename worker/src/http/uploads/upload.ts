/** One request that adds to a batch: what is repeated is skipped, the rest is taken lot by lot while the next is read. */
import { setImmediate } from 'node:timers/promises'
import type { RefusedRow, UploadHold, UploadRefused, UploadRefusal, UploadStore, Lot } from '../ports.ts'
import type { ProblemType } from '../problem.ts'
import type { Plan } from '../recipientVariables.ts'
import type { Row } from './rows.ts'
import { Problem } from '../problem.ts'
import { LotBuilder } from './lotBuilder.ts'
import { Repeated } from './repeated.ts'

/** Rows by what became of them. */
export interface Taken {
  /** Of the batch, now. */
  readonly offset: number
  readonly repeated: number
  readonly recipients: number
  readonly duplicates: number
  readonly refused: number
  readonly refusals: readonly RefusedRow[]
}

const REFUSALS_TOLD = 20
/** Rows that are read without a pause: the lot before them is asked about several times, and others wait, too. */
const AT_ONCE = 200

export const PROBLEM_OF: Readonly<Record<UploadRefusal, ProblemType>> = {
  unknown: 'not-found',
  closed: 'batch-state',
  offset: 'upload-offset',
  superseded: 'upload-superseded',
}

export class Upload {
  readonly #store: Pick<UploadStore, 'add'>
  readonly #hold: UploadHold
  readonly #plan: Plan
  readonly #again: Repeated
  readonly #refusals: RefusedRow[] = []
  #left: number
  #repeated: number
  #lot: LotBuilder
  #adding: Promise<void> = Promise.resolve()
  #offset: number
  #recipients = 0
  #duplicates = 0
  #refused = 0

  /** @param from the row that it begins with */
  constructor(store: Pick<UploadStore, 'add' | 'parts'>, hold: UploadHold, from: number, plan: Plan) {
    this.#store = store
    this.#hold = hold
    this.#plan = plan
    this.#again = new Repeated(from, (row) => store.parts(hold.batchId, row))
    this.#repeated = 0
    this.#left = hold.offset - from
    this.#offset = hold.offset
    this.#lot = new LotBuilder(hold.offset, plan)
  }

  /** Where the batch is, as far as is known: what is being added may be in. */
  get offset(): number {
    return this.#offset
  }

  /** @throws Problem when the rows are not those they should be, or the batch takes them no more */
  async take(rows: readonly Row[]): Promise<void> {
    const known = rows.slice(0, this.#left)
    this.#left -= known.length
    this.#repeated += known.length
    if (known.length > 0 && !(await this.#again.take(known))) throw new Problem('upload-changed')
    for (let from = known.length; from < rows.length; from += AT_ONCE) {
      await this.#gather(rows.slice(from, from + AT_ONCE))
      await setImmediate()
    }
  }

  /** Hands over what there is, once what was handed over before has been taken. */
  async flush(): Promise<void> {
    await this.#adding
    if (this.#lot.rows === 0) return
    const lot = this.#lot.build()
    this.#lot = new LotBuilder(lot.firstRow + lot.rows, this.#plan)
    this.#adding = this.#add(lot)
    // It is told to whoever waits for it.
    this.#adding.catch(() => undefined)
  }

  /** Waits until everything is in. */
  async settle(): Promise<void> {
    await this.flush()
    await this.#adding
  }

  /** @throws Problem when it ended in the midst of what was taken as one piece */
  async end(): Promise<Taken> {
    await this.settle()
    if (this.#again.isWithinPart) throw new Problem('upload-changed')
    return {
      offset: this.#offset,
      repeated: this.#repeated,
      recipients: this.#recipients,
      duplicates: this.#duplicates,
      refused: this.#refused,
      refusals: this.#refusals,
    }
  }

  async #gather(rows: readonly Row[]): Promise<void> {
    for (let left = rows; left.length > 0;) {
      left = this.#lot.take(left)
      if (this.#lot.isFull) await this.flush()
    }
  }

  async #add(lot: Lot): Promise<void> {
    const added = await this.#store.add(this.#hold, lot)
    if (typeof added !== 'number') throw this.#refusedBy(added)
    this.#offset += lot.rows
    this.#recipients += added
    this.#refused += lot.refusedCount
    this.#duplicates += lot.rows - lot.refusedCount - added
    this.#refusals.push(...lot.refused.slice(0, REFUSALS_TOLD - this.#refusals.length))
  }

  #refusedBy({ refusal, offset }: UploadRefused): Problem {
    this.#offset = offset
    return new Problem(PROBLEM_OF[refusal])
  }
}
