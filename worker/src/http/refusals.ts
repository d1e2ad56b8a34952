/** Refused requests for the audit log: so many a minute and the number of the rest, so that a flood does not fill it. */
import type { AuditEntry } from '../domain/audit.ts'

export interface Refusals {
  note(entry: AuditEntry): void
  /** Writes what is left. */
  close(): Promise<void>
}

export interface RefusalsOptions {
  readonly write: (entries: readonly AuditEntry[]) => Promise<void>
  readonly onError: (error: unknown) => void
  /** Of each user or, without one, of each address. */
  readonly perMinute?: number
  readonly everyMs?: number
}

const PER_MINUTE = 10
const EVERY_MS = 1_000
const MINUTE_MS = 60_000
/** Clients and entries kept at once: a flood from many addresses is told of by its first ones. */
const MOST = 1_000

export function openRefusals({
  write,
  onError,
  perMinute = PER_MINUTE,
  everyMs = EVERY_MS,
}: RefusalsOptions): Refusals {
  const counts = new Map<string, number>()
  let waiting: AuditEntry[] = []
  let omitted = 0
  let windowEndsAt = Date.now() + MINUTE_MS
  let writing: Promise<void> = Promise.resolve()

  const flush = () => {
    if (Date.now() >= windowEndsAt) {
      counts.clear()
      windowEndsAt = Date.now() + MINUTE_MS
    }
    if (waiting.length === 0) return
    const entries = told(waiting, omitted)
    waiting = []
    omitted = 0
    writing = writing.then(() => write(entries)).catch(onError)
  }
  const timer = setInterval(flush, everyMs)
  timer.unref()

  return {
    note: (entry) => {
      const client = entry.userId === '' ? entry.ip : entry.userId
      const count = (counts.get(client) ?? 0) + 1
      const known = counts.has(client) || counts.size < MOST
      if (known) counts.set(client, count)
      if (known && count <= perMinute && waiting.length < MOST) waiting.push(entry)
      else omitted += 1
    },
    close: async () => {
      clearInterval(timer)
      flush()
      await writing
    },
  }
}

/** The last of them says how many there were besides. */
function told(entries: readonly AuditEntry[], omitted: number): readonly AuditEntry[] {
  const last = entries.at(-1)
  if (omitted === 0 || !last) return entries
  return [...entries.slice(0, -1), { ...last, metadata: { ...last.metadata, omitted } }]
}
