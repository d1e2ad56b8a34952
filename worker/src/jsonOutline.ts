/**
 * What a text in JSON would be in memory, told from its bytes before anything is made of them: `JSON.parse` makes up to
 * sixty bytes of one.
 */
import { isAscii } from 'node:buffer'

export type Outline =
  | { readonly ok: true; readonly costBytes: number }
  | { readonly ok: false; readonly why: 'too_deep' | 'too_large' }

export interface OutlineBounds {
  readonly maxDepth: number
  readonly maxCostBytes: number
}

/** Measured with V8 14, rounded up: an empty object takes 56 bytes, a member of its own name 72 to 96. */
const CONTAINER = 64
const MEMBER = 24
const STRING = 24
const ELEMENT = 8
/** What is checked, copied, hashed and handed to the database is there twice. */
const HANDLED = 2

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** What each byte outside of strings costs, and how much deeper it leads. */
const COSTS = new Uint8Array(256)
const DEPTHS = new Int8Array(256)
for (const [character, cost, depth] of [
  ['"', STRING, 0],
  [':', MEMBER, 0],
  [',', ELEMENT, 0],
  ['[', CONTAINER, 1],
  ['{', CONTAINER, 1],
  [']', 0, -1],
  ['}', 0, -1],
] as const) {
  COSTS[character.charCodeAt(0)] = cost
  DEPTHS[character.charCodeAt(0)] = depth
}

/** Says nothing of whether it is JSON: of anything else the parser makes less. */
export function jsonOutline(bytes: Uint8Array, { maxDepth, maxCostBytes }: OutlineBounds): Outline {
  const most = maxCostBytes / HANDLED
  let cost = bytes.length * (isAscii(bytes) ? 1 : 2)
  let depth = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    cost += COSTS[byte] ?? 0
    depth += DEPTHS[byte] ?? 0
    if (depth > maxDepth) return { ok: false, why: 'too_deep' }
    if (cost > most) return { ok: false, why: 'too_large' }
    if (byte === QUOTE) at = endOfString(bytes, at + 1)
  }
  return { ok: true, costBytes: cost * HANDLED }
}

/** @returns where its closing quote is, or the end. */
function endOfString(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}
