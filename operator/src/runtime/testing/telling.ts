/** One fault put into the lines of one watch. */
import { failure } from './fakeApi.ts'

export const FAULTS = [
  'refused',
  'throttled',
  'gone',
  'lost',
  'unanswered',
  'silent',
  'reset',
  'ended',
  'cut off',
  'garbled',
  'expired',
  'failed',
  'twice',
  'late',
  'swapped',
] as const

export interface Plan {
  readonly fault: (typeof FAULTS)[number]
  /** How many lines are told well before. */
  readonly after: number
  /** Which of the earlier changes comes late. */
  readonly which: number
  /** Steps that happen before the request is answered, and while its answer is read. */
  readonly before: number
  readonly during: number
}

/** A line of a watch; one with an entry may be told twice, late or in another order. */
export interface Line {
  readonly text: string
  readonly isEntry: boolean
}

/** Faults after which a watch is at its end. */
const ENDS: Readonly<Partial<Record<Plan['fault'], (line: string) => string>>> = {
  ended: () => '',
  'cut off': (line) => line.slice(0, line.length / 2),
  garbled: (line) => `${line.slice(1, line.length / 2)}\n`,
  expired: () => failure(410, 'Expired'),
  failed: () => failure(500, 'InternalError'),
}

/** Puts a planned fault into the lines of one watch. */
export class Telling {
  isOver = false
  readonly #plan: Plan | undefined
  readonly #late: () => string
  #told = 0
  #isListed: boolean
  #heldBack: Line | undefined

  /** @param isListed whether what is told is news only, and no list before it. */
  constructor(plan: Plan | undefined, isListed: boolean, late: () => string) {
    this.#plan = plan
    this.#isListed = isListed
    this.#late = late
  }

  get isDue(): boolean {
    return this.#plan !== undefined && this.#told > this.#plan.after
  }

  take(line: Line): readonly string[] {
    this.#told += 1
    const isListed = this.#isListed
    this.#isListed ||= !line.isEntry
    const held = this.#heldBack?.text ?? ''
    this.#heldBack = undefined
    if (held !== '') return line.isEntry ? [line.text, held] : [held, line.text]
    if (!this.isDue) return [line.text]
    return this.#spoiled(line, isListed)
  }

  rest(): readonly string[] {
    return this.#heldBack ? [this.#heldBack.text] : []
  }

  #spoiled(line: Line, isListed: boolean): readonly string[] {
    const { fault } = this.#plan ?? {}
    const ending = fault && ENDS[fault]
    if (ending) {
      this.isOver = true
      return [ending(line.text)]
    }
    if (fault === 'twice') return [line.text, line.text]
    // Within a list, what is late could not be told from what is there.
    if (fault === 'late' && isListed) return [this.#late(), line.text]
    if (fault !== 'swapped' || !line.isEntry) return [line.text]
    this.#heldBack = line
    return []
  }
}
