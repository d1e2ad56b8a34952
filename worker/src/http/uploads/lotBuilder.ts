/**
 * Rows gathered into a lot: what is at fault put aside, of one mailbox the first. Of each no more is kept than will be
 * written: what lives as long as a lot does is not collected with what is young, and a million of them go by.
 */
import type { FieldError } from '../problem.ts'
import type { Lot, LotRecipient, NewRecipient, RefusedRow } from '../ports.ts'
import type { Plan } from '../recipientVariables.ts'
import type { Row } from './rows.ts'
import { Effort } from '../../domain/rehearsal.ts'
import { parseRecipient } from '../batchRecipients.ts'
import { Digest } from './rows.ts'

/** What a lot has at most, but for its last row. */
const ROWS = 8_000
const CHARACTERS = 1_048_576
/** Places that may be looked at for one row: of 1,000 items with 20 values each there are as many. */
const PLACES = 20_000
/** Refused rows that a lot tells of, and what it tells of each: names in it are as long as a row can be. */
const REFUSED_TOLD = 1_000
const FAULTS_TOLD = 5
const WORDS = 300

export class LotBuilder {
  readonly #firstRow: number
  readonly #plan: Plan
  readonly #digest = new Digest()
  readonly #byMailbox = new Map<string, LotRecipient>()
  readonly #refused: RefusedRow[] = []
  #rows = 0
  #refusedCount = 0
  #characters = 0

  constructor(firstRow: number, plan: Plan) {
    this.#firstRow = firstRow
    this.#plan = plan
  }

  get rows(): number {
    return this.#rows
  }

  get isFull(): boolean {
    return this.#rows >= ROWS || this.#characters >= CHARACTERS
  }

  /** Takes rows until it is full. @returns those that are left */
  take(rows: readonly Row[]): readonly Row[] {
    let taken = 0
    for (const row of rows) {
      if (this.isFull) break
      this.#add(row)
      taken += 1
    }
    this.#digest.add(taken === rows.length ? rows : rows.slice(0, taken))
    return rows.slice(taken)
  }

  build(): Lot {
    return {
      firstRow: this.#firstRow,
      rows: this.#rows,
      digest: this.#digest.hex(),
      recipients: [...this.#byMailbox.values()],
      refused: this.#refused,
      refusedCount: this.#refusedCount,
    }
  }

  #add(row: Row): void {
    const number = this.#firstRow + this.#rows
    this.#rows += 1
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
      this.#byMailbox.set(recipient.mailbox.normalised, compact(recipient))
  }

  #refuse(row: number, errors: readonly FieldError[]): void {
    this.#refusedCount += 1
    if (this.#refused.length < REFUSED_TOLD)
      this.#refused.push({ row, errors: errors.slice(0, FAULTS_TOLD).map(short) })
  }
}

const compact = ({ mailbox, variables, headers }: NewRecipient): LotRecipient => ({
  mailbox,
  variables: variables && JSON.stringify(variables),
  headers: headers && JSON.stringify(headers),
})

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
