import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { shellText } from './environmentFile.ts'

it('gives a shell every value as it is', () => {
  const variables = { PLAIN: 'http://10.96.0.1:80', ODD: `it's "$HOME" \`id\` \\ and more`, EMPTY: '' }
  const script = `${shellText(variables)}printf '%s|' "$PLAIN" "$ODD" "$EMPTY"`
  const seen = execFileSync('bash', ['-c', script], { encoding: 'utf8' })
  expect(seen.split('|').slice(0, 3)).toEqual(Object.values(variables))
})
