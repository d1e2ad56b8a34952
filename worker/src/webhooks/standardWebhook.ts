/**
 * Whether a webhook is signed as Standard Webhooks and Svix do it, which Resend uses.
 * Source: github.com/standard-webhooks, spec/standard-webhooks.md.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Verification } from './verification.ts'
import { forged, unavailable } from './verification.ts'

export interface StandardWebhook {
  /** The same at every try to deliver it. */
  readonly id: string
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** The timestamp is renewed at every try, so little is enough. */
const TOLERANCE_MS = 5 * 60_000
const ID = /^[\x21-\x7e]{1,256}$/
const SECONDS = /^\d{1,12}$/
const SECRET = /^(?:whsec_)?([A-Za-z0-9+/]{4,}={0,2})$/
const LONGEST_SIGNATURES = 4_096

/** @returns the key of a secret `whsec_<base64>`, or undefined when it is none. */
export function parseWebhookSecret(text: string): Buffer | undefined {
  const encoded = SECRET.exec(text.trim())?.[1]
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64')
}

/**
 * @param body as it came, byte for byte
 * @param keys any of which may have signed: two while a secret is being exchanged
 */
export function verifyStandardWebhook(
  body: Uint8Array,
  headers: Headers,
  keys: readonly Buffer[],
  now: Date,
): Verification<StandardWebhook> {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) => headerOf(headers, name))
  if (id === undefined || timestamp === undefined || signatures === undefined)
    return forged('headers missing')
  if (!ID.test(id) || signatures.length > LONGEST_SIGNATURES) return forged('headers')
  if (!SECONDS.test(timestamp)) return forged('timestamp')
  if (keys.length === 0) return unavailable('no secret can be read')
  const given = signaturesOf(signatures)
  const isSigned = keys.some((key) => {
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
    return given.some((one) => one.length === expected.length && timingSafeEqual(one, expected))
  })
  if (!isSigned) return forged('signature')
  // Perhaps it is our clock that is wrong.
  return isTimely(timestamp, now) ? { kind: 'genuine', value: { id } } : unavailable('timestamp')
}

/** `svix-id` or `webhook-id`, and so on. */
function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[`svix-${name}`] ?? headers[`webhook-${name}`]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isTimely(timestamp: string, now: Date): boolean {
  return Math.abs(now.getTime() - Number(timestamp) * 1_000) <= TOLERANCE_MS
}

/** Other versions than `v1` are for others; `v1a` is another algorithm. */
function signaturesOf(header: string): readonly Buffer[] {
  return header.split(' ').flatMap((entry) => {
    const [version, encoded = '', ...rest] = entry.split(',')
    return version === 'v1' && rest.length === 0 ? [Buffer.from(encoded, 'base64')] : []
  })
}
