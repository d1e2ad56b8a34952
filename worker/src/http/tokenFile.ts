/** The content of a token's file: `sha256:<hex>`, or `sha256:<hex> scopes:<scope>,<scope>`. */
import type { Scopes } from './scopes.ts'

export interface TokenFile {
  readonly hash: Buffer
  readonly scopes: Scopes
}

const CONTENT = /^sha256:([0-9a-f]{64})(?:[ \t]+scopes:([a-z:,-]*))?\s*$/i

/**
 * A scope that this version does not know allows nothing here and spoils nothing.
 * @returns undefined for anything else: a mistake must not become a token without limits.
 */
export function parseTokenFile(content: string): TokenFile | undefined {
  const [, hash, scopes] = CONTENT.exec(content) ?? []
  if (hash === undefined) return undefined
  return { hash: Buffer.from(hash, 'hex'), scopes: scopes === undefined ? 'all' : new Set(scopes.split(',')) }
}
