/** Refused requests for the audit log: so many a minute and the number of the rest, so that a flood does not fill it. */
import type { AuditEntry } from '../domain/audit.ts'
import { isOutage } from '../domain/outage.ts'
import { clientOf } from './clientOf.ts'

export interface Refusals {
  note(entry: AuditEntry): void
  /** Tries once more to write what is left. */
  close(): Promise<void>
}

export interface RefusalsOptions {
  readonly write: (entries: readonly AuditEntry[]) => Promise<void>
  readonly onError: (error: unknown) => void
  /** Told of rows that will never be written. */
  readonly onDropped: (rows: number) => void
  /** Of each user and, of those without a valid token, of each IPv4 address or IPv6 /64. */
  readonly perMinute?: number
  readonly everyMs?: number
}

const PER_MINUTE = 10
const EVERY_MS = 1_000
const MINUTE_MS = 60_000
/** Of all strangers together, however many addresses they have. */
const STRANGERS_PER_MINUTE = 1_000
/** Rows kept while they cannot be written, of users and of strangers each. */
const KEPT = 10_000
const LOT = 1_000
/** From then on a row says itself when it was, since the log says when it was written. */
const LATE_MS = 10_000

interface Noted {
  readonly entry: AuditEntry
  readonly kind: 'users' | 'strangers'
  readonly at: number
}

export function openRefusals(options: RefusalsOptions): Refusals {
  const { write, onError, onDropped, perMinute = PER_MINUTE, everyMs = EVERY_MS } = options
  const users = new Shares(perMinute, Number.POSITIVE_INFINITY)
  const strangers = new Shares(perMinute, STRANGERS_PER_MINUTE)
  let waiting: Noted[] = []
  const kept = { users: 0, strangers: 0 }
  let omitted = 0
  let windowEndsAt = Date.now() + MINUTE_MS
  let writing: Promise<void> | undefined

  const writeLot = async () => {
    const lot = waiting.slice(0, LOT)
    const [told, now] = [omitted, Date.now()]
    omitted = 0
    try {
      await write(
        withOmitted(
          lot.map((noted) => entryOf(noted, now)),
          told,
        ),
      )
    } catch (error) {
      omitted += told
      onError(error)
      if (isOutage(error)) return
      onDropped(lot.length)
    }
    waiting = waiting.slice(lot.length)
    for (const { kind } of lot) kept[kind] -= 1
  }
  const flush = () => {
    if (Date.now() >= windowEndsAt) {
      users.renew()
      strangers.renew()
      windowEndsAt = Date.now() + MINUTE_MS
    }
    if (waiting.length === 0) return
    writing ??= writeLot().finally(() => {
      writing = undefined
    })
  }
  const timer = setInterval(flush, everyMs)
  timer.unref()

  return {
    note: (entry) => {
      const kind = entry.userId === '' ? 'strangers' : 'users'
      const isTaken = kind === 'users' ? users.take(entry.userId) : strangers.take(clientOf(entry.ip))
      if (!isTaken) omitted += 1
      else if (kept[kind] >= KEPT) onDropped(1)
      else {
        waiting.push({ entry, kind, at: Date.now() })
        kept[kind] += 1
      }
    },
    close: async () => {
      clearInterval(timer)
      await writing
      for (let left = Infinity; waiting.length > 0 && waiting.length < left;) {
        left = waiting.length
        await writeLot()
      }
      if (waiting.length > 0) onDropped(waiting.length)
    },
  }
}

/** How many of this minute are still to be written. */
class Shares {
  readonly #each: number
  readonly #all: number
  readonly #counts = new Map<string, number>()
  #taken = 0

  constructor(each: number, all: number) {
    this.#each = each
    this.#all = all
  }

  take(client: string): boolean {
    const count = this.#counts.get(client) ?? 0
    if (count >= this.#each || this.#taken >= this.#all) return false
    this.#counts.set(client, count + 1)
    this.#taken += 1
    return true
  }

  renew(): void {
    this.#counts.clear()
    this.#taken = 0
  }
}

function entryOf({ entry, at }: Noted, now: number): AuditEntry {
  if (now - at < LATE_MS) return entry
  return { ...entry, metadata: { ...entry.metadata, refusedAt: new Date(at).toISOString() } }
}

/** The last of them says how many there were besides. */
function withOmitted(entries: readonly AuditEntry[], omitted: number): readonly AuditEntry[] {
  const last = entries.at(-1)
  if (omitted === 0 || !last) return entries
  return [...entries.slice(0, -1), { ...last, metadata: { ...last.metadata, omitted } }]
}
