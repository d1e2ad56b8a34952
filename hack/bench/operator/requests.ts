/** What a user asked the API server for, counted from its audit log. Pure. */
import type { AuditEntry } from '../../servers/auditLog.ts'

export interface RequestCounts {
  readonly total: number
  /** Everything but get, list and watch. */
  readonly writes: number
  /** `verb resource[/subresource]` → how many. */
  readonly byKind: Readonly<Record<string, number>>
}

const READING = new Set(['get', 'list', 'watch'])

/** One request may have two entries, a watch for its begin and its end; each counts once. */
export function requestsOf(entries: readonly AuditEntry[], user: string): readonly AuditEntry[] {
  const own = entries.filter((entry) => entry.user.username === user)
  return [...new Map(own.map((entry) => [entry.auditID, entry])).values()]
}

export function countsOf(requests: readonly AuditEntry[]): RequestCounts {
  const byKind: Record<string, number> = {}
  for (const { verb, objectRef } of requests) {
    const subresource = objectRef?.subresource === undefined ? '' : `/${objectRef.subresource}`
    const what = `${verb} ${objectRef?.resource ?? 'discovery'}${subresource}`
    byKind[what] = (byKind[what] ?? 0) + 1
  }
  return { total: requests.length, writes: writesOf(requests).length, byKind }
}

export function writesOf(requests: readonly AuditEntry[]): readonly AuditEntry[] {
  return requests.filter(({ verb }) => !READING.has(verb))
}
