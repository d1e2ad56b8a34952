/** Fights over fields: who holds what we want to set, and how patient we are with them. */
import { ApiError, Waiting } from './errors.ts'
import { Recent } from './recent.ts'

/** Fields of ours that another manager had changed. */
export interface Contested {
  readonly manager: string
  readonly paths: readonly string[]
}

/** Managers and paths out of a 409 answer to an unforced apply; empty when it is another conflict. */
export function contestedFields(error: unknown): readonly Contested[] {
  if (!(error instanceof ApiError) || error.status !== 409) return []
  const paths = new Map<string, string[]>()
  for (const { reason, message, field } of error.causes) {
    if (reason !== 'FieldManagerConflict') continue
    const manager = /conflict with "([^"]+)"/.exec(message ?? '')?.[1] ?? 'unknown'
    paths.set(manager, [...(paths.get(manager) ?? []), field ?? ''])
  }
  return [...paths].map(([manager, fields]) => ({ manager, paths: fields.sort() }))
}

/** A fight that rested for so long is over. */
const FORGOTTEN_MS = 60_000
/** An edit by hand is put right at once; only what comes back again and again is slowed down. */
const FREE_ROUNDS = 2
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 2_000
const MOST_REMEMBERED = 1_000

/** A fight that lasts so long is told: what we own is not as it should be, whoever writes last. */
const TOLD_AFTER_MS = 60_000

/** A contest that is to be forced, but not yet. */
interface Postponed {
  readonly contested: readonly Contested[]
  readonly dueAt: number
}

interface Fight {
  readonly count: number
  readonly since: number
  readonly at: number
}

/** Keeps two managers that undo each other from doing so as fast as they can. */
export class Patience {
  readonly #now: () => number
  readonly #rounds = new Recent<string, Fight>(MOST_REMEMBERED)
  readonly #postponed = new Recent<string, Postponed>(MOST_REMEMBERED)

  /** @param now milliseconds that only grow */
  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * The next round over an object.
   * @throws Waiting when it was put off and its time has not come.
   */
  round(uid: string): Round {
    const postponed = this.#postponed.get(uid)
    if (!postponed)
      return new Round([], (contested) => {
        this.#count(uid, contested)
      })
    this.#waitUntil(uid, postponed)
    return new Round(postponed.contested)
  }

  /** Told and put right, or no longer contested. */
  settle(uid: string): void {
    this.#postponed.delete(uid)
  }

  /** @throws Waiting when it was not the first nor the second of late. */
  #count(uid: string, contested: readonly Contested[]): void {
    const now = this.#now()
    const pauseMs = this.#pauseMs(uid, now)
    if (pauseMs === 0) return
    const postponed = { contested, dueAt: now + pauseMs }
    this.#postponed.set(uid, postponed)
    this.#waitUntil(uid, postponed)
  }

  #pauseMs(uid: string, now: number): number {
    const last = this.#rounds.get(uid)
    const goesOn = last !== undefined && now - last.at < FORGOTTEN_MS
    const count = goesOn ? last.count + 1 : 1
    this.#rounds.set(uid, { count, since: goesOn ? last.since : now, at: now })
    if (count <= FREE_ROUNDS) return 0
    return Math.min(FIRST_PAUSE_MS * 2 ** (count - FREE_ROUNDS - 1), LONGEST_PAUSE_MS)
  }

  #waitUntil(uid: string, { contested, dueAt }: Postponed): void {
    const now = this.#now()
    const since = this.#rounds.get(uid)?.since ?? now
    const why = now - since >= TOLD_AFTER_MS ? tellOf(contested) : undefined
    if (dueAt > now) throw new Waiting('Contested', dueAt - now, why)
  }
}

function tellOf(contested: readonly Contested[]): string {
  return contested
    .map(({ manager, paths: [first = '', ...more] }) => {
      const others = more.length === 0 ? '' : ` and ${more.length} more`
      return `is changed again and again by ${manager}: ${first.replace(/^\./, '')}${others}`
    })
    .join('; ')
}

/** One try to get fields back, and what was found contested on the way. */
export class Round {
  #contested: readonly Contested[]
  #onFirst: ((contested: readonly Contested[]) => void) | undefined

  constructor(contested: readonly Contested[], onFirst?: (contested: readonly Contested[]) => void) {
    this.#contested = contested
    this.#onFirst = onFirst
  }

  get contested(): readonly Contested[] {
    return this.#contested
  }

  /** @throws Waiting when it has to be put off. */
  add(contested: readonly Contested[]): void {
    const onFirst = this.#onFirst
    this.#onFirst = undefined
    onFirst?.(contested)
    this.#contested = mergeContested(this.#contested, contested)
  }
}

/** What was contested then and is now, each manager and path once. */
function mergeContested(then: readonly Contested[], now: readonly Contested[]): readonly Contested[] {
  const paths = new Map<string, Set<string>>()
  for (const { manager, paths: each } of [...then, ...now])
    paths.set(manager, new Set([...(paths.get(manager) ?? []), ...each]))
  return [...paths].map(([manager, fields]) => ({ manager, paths: [...fields].sort() }))
}
