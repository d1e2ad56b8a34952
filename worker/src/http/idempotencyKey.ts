/** The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header-07): a quoted string, or the same bare. */

const KEY = /^(?:"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"|([\x21\x23-\x7e]+))$/
const LONGEST = 255

/** @returns the key, or undefined when the header is not one key of at most 255 characters. */
export function parseIdempotencyKey(header: string): string | undefined {
  const [, quoted, bare] = KEY.exec(header.trim()) ?? []
  const key = quoted?.replace(/\\(["\\])/g, '$1') ?? bare
  return key === undefined || key.length === 0 || key.length > LONGEST ? undefined : key
}
