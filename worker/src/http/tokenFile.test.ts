import { expect, test } from 'vitest'
import { includes } from './scopes.ts'
import { parseTokenFile } from './tokenFile.ts'

const HASH = `sha256:${'0a'.repeat(32)}`

test.each([
  [HASH, ['batches:read', 'batches:write', 'suppressions:write', undefined]],
  [`${HASH}\n`, ['batches:write', undefined]],
  [`${HASH} scopes:batches:read,suppressions:write\n`, ['batches:read', 'suppressions:write']],
  [`${HASH} scopes:batches:read,of-tomorrow:read`, ['batches:read']],
  [`${HASH} scopes:`, []],
] as const)('%j allows %j', (content, allowed) => {
  const file = parseTokenFile(content)
  const asked = [
    'batches:read',
    'batches:write',
    'suppressions:read',
    'suppressions:write',
    undefined,
  ] as const
  for (const scope of allowed) expect(includes(file?.scopes ?? new Set(), scope)).toBe(true)
  if (file?.scopes !== 'all') {
    expect(asked.filter((scope) => includes(file?.scopes ?? 'all', scope))).toEqual(allowed)
  }
})

test.each([
  '',
  'plain text',
  HASH.slice(0, -1),
  `${HASH} batches:read`,
  `${HASH} scope:batches:read`,
  `${HASH} scopes:batches:read more`,
])('%j is no token', (content) => {
  expect(parseTokenFile(content)).toBeUndefined()
})
