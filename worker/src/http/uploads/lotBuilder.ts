/** Rows gathered into a lot: what is at fault put aside, of one mailbox the first. */
import type { FieldError } from '../problem.ts'
import type { Lot, NewRecipient, RefusedRow } from '../ports.ts'
import type { Plan } from '../recipientVariables.ts'
import type { Row } from './rows.ts'
import { Effort } from '../../domain/rehearsal.ts'
import { parseRecipient } from '../batchRecipients.ts'
import { digestOf } from './rows.ts'

/** What a lot has at most, but for its last row. */
const ROWS = 5_000
const CHARACTERS = 2_097_152
/** Places that may be looked at for one row: of 1,000 items with 20 values each there are as many. */
const PLACES = 20_000
/** Refused rows that a lot tells of, and what it tells of each: names in it are as long as a row can be. */
const REFUSED_TOLD = 1_000
const FAULTS_TOLD = 5
const WORDS = 300

export class LotBuilder {
  readonly #firstRow: number
  readonly #plan: Plan
  readonly #rows: Row[] = []
  readonly #byMailbox = new Map<string, NewRecipient>()
  readonly #refused: RefusedRow[] = []
  #refusedCount = 0
  #characters = 0

  constructor(firstRow: number, plan: Plan) {
    this.#firstRow = firstRow
    this.#plan = plan
  }

  get rows(): number {
    return this.#rows.length
  }

  get isFull(): boolean {
    return this.#rows.length >= ROWS || this.#characters >= CHARACTERS
  }

  add(row: Row): void {
    const number = this.#firstRow + this.#rows.length
    this.#rows.push(row)
    this.#characters += row.text.length
    const given = row.read()
    if ('fault' in given) {
      this.#refuse(number, [given.fault])
      return
    }
    const effort = new Effort(PLACES)
    const { errors, recipient } = parseRecipient(given.value, '', this.#plan, effort)
    if (effort.isSpent) this.#refuse(number, [TOO_MUCH])
    else if (recipient === undefined) this.#refuse(number, errors)
    else if (!this.#byMailbox.has(recipient.mailbox.normalised))
      this.#byMailbox.set(recipient.mailbox.normalised, recipient)
  }

  build(): Lot {
    return {
      firstRow: this.#firstRow,
      rows: this.#rows.length,
      digest: digestOf(this.#rows),
      recipients: [...this.#byMailbox.values()],
      refused: this.#refused,
      refusedCount: this.#refusedCount,
    }
  }

  #refuse(row: number, errors: readonly FieldError[]): void {
    this.#refusedCount += 1
    if (this.#refused.length < REFUSED_TOLD)
      this.#refused.push({ row, errors: errors.slice(0, FAULTS_TOLD).map(short) })
  }
}

const TOO_MUCH: FieldError = {
  pointer: '/variables',
  code: 'too_much_to_fill_in',
  detail: `over ${PLACES} places`,
}

const short = ({ pointer, code, detail }: FieldError): FieldError => ({
  pointer: kept(pointer),
  code,
  ...(detail !== undefined && { detail: kept(detail) }),
})

/** What PostgreSQL can keep, and not more of it than a person reads. */
const kept = (text: string): string => text.slice(0, WORDS).toWellFormed().replaceAll('\0', '')
