/** Names under which the server keeps the plans of statements, for as long as what lies between bears it. */
import { createHash } from 'node:crypto'
import { DatabaseError } from 'pg'

/**
 * What a server says that does not know a name, has another statement under it, or may not use its plan any more
 * (appendix A): a pooler in transaction mode gives each transaction another server connection.
 */
const NOT_THERE = '26000'
const THERE_ALREADY = '42P05'
/** The routine that says so: the words are in the language of the server. */
const OUTDATED = 'RevalidateCachedQuery'

export class StatementNames {
  readonly #names = new Map<string, string>()
  #inUse = true
  #turn = 0

  /** @returns the same name for the same text in every process; `undefined` when names are not to be used. */
  nameOf(text: string): string | undefined {
    if (!this.#inUse) return undefined
    const known = this.#names.get(text)
    if (known !== undefined) return known
    const name = `bs_${createHash('sha256').update(text).digest('hex').slice(0, 24)}_${this.#turn}`
    this.#names.set(text, name)
    return name
  }

  /** Whatever is run from now on has another name than before, and so is planned anew. */
  renew(): void {
    this.#turn += 1
    this.#names.clear()
  }

  /** Does without names from now on when that is what an error asks for. @returns whether to try again without. */
  giveUp(error: unknown): boolean {
    if (!(error instanceof DatabaseError)) return false
    const refused = error.code === NOT_THERE || error.code === THERE_ALREADY || error.routine === OUTDATED
    if (refused) this.#inUse = false
    return refused
  }
}
