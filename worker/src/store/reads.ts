/** Reads for others: few at once, each ended by the server when it takes too long, and refused when too many wait. */
import type { Database, Queryable } from './database.ts'

export interface ReadBounds {
  readonly atOnce: number
  /** How many wait for their turn at most. */
  readonly waiting: number
  /** How long one waits for it. */
  readonly patienceMs: number
}

/** Nothing is wrong, and there is no room: class 53 of PostgreSQL's errors (appendix A), which passes for "not now". */
export class TooManyReads extends Error {
  readonly code = '53000'
  constructor() {
    super('too many reads at once')
  }
}

/** @param database whose transactions have a limit on the time of a statement */
export function boundedReads(database: Pick<Database, 'transaction'>, bounds: ReadBounds): Queryable {
  const turns = openTurns(bounds)
  return {
    query: async (text, values) => {
      await turns.take()
      try {
        return await database.transaction((transaction) => transaction.query(text, values))
      } finally {
        turns.giveBack()
      }
    },
  }
}

function openTurns({ atOnce, waiting: most, patienceMs }: ReadBounds) {
  const waiting = new Set<() => void>()
  let free = atOnce
  return {
    take: (): Promise<void> => {
      if (free > 0) {
        free -= 1
        return Promise.resolve()
      }
      if (waiting.size >= most) return Promise.reject(new TooManyReads())
      return new Promise((resolve, reject) => {
        const grant = () => {
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(() => {
          waiting.delete(grant)
          reject(new TooManyReads())
        }, patienceMs)
        waiting.add(grant)
      })
    },
    giveBack: (): void => {
      const [next] = waiting
      if (next === undefined) {
        free += 1
        return
      }
      waiting.delete(next)
      next()
    },
  }
}
