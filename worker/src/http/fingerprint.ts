/** What tells one request from another under an Idempotency-Key: its content, however it was written. */
import { createHash } from 'node:crypto'

export interface Fingerprint {
  readonly fingerprint: string
  /** As it was made before, from the order of the keys as they came; computed when it is asked for. */
  readonly formerFingerprint: () => string
}

/** @param query counts only when there is any, as it did before there was */
export function fingerprintOf(body: unknown, query: object): Fingerprint {
  const asked = Object.keys(query).length === 0 ? [body] : [body, query]
  return {
    fingerprint: `c:${sha256(JSON.stringify(asked, inOrder))}`,
    formerFingerprint: () => sha256(JSON.stringify(body)),
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Objects are unordered (RFC 8259 §4): clients serialise the same one in any order. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const names = Object.keys(value)
  if (names.every((name, index) => index === 0 || (names[index - 1] ?? '') < name)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
