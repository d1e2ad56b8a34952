/** What a token may be limited to: one scope for each thing and what is done with it; writing does not imply reading. */

export const SCOPES = [
  'audit:read',
  'batches:read',
  'batches:write',
  'dead-letters:read',
  'dead-letters:write',
  'suppressions:read',
  'suppressions:write',
] as const

export type Scope = (typeof SCOPES)[number]

/** `all` includes scopes that a later version brings. */
export type Scopes = 'all' | ReadonlySet<string>

/** What names no scope is for tokens without limits alone. */
export function includes(scopes: Scopes, scope: Scope | undefined): boolean {
  return scopes === 'all' || (scope !== undefined && scopes.has(scope))
}
