import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { RELEASE } from '../../crds/release.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { refusal } from './refusals.ts'

const release = { ...RELEASE, version: '1.2.3' }
const asked = {
  version: '1.2.3',
  changelog: '## Unreleased\n\n## 1.2.3 - 2026-01-31\n',
  uncommitted: [],
  trial: false,
}

describe('a release', () => {
  it('is made of what is committed and told', () => {
    expect(refusal(release, asked)).toBeUndefined()
  })

  it.each([
    ['without a version', { version: '' }, /^make release VERSION=1\.2\.3: say which/],
    [
      'of another version',
      { version: '1.2.4' },
      /which is 1\.2\.3: write 1\.2\.4 there, run `make generate`/,
    ],
    [
      'that nothing is told of',
      { changelog: '## Unreleased\n## 1.2.30 - 2026-01-31\n' },
      /no heading "## 1\.2\.3 -/,
    ],
    [
      'of changes in no commit',
      { uncommitted: ['M a'] },
      /which provenance could not name: M a\. Commit them.*TRIAL=1/,
    ],
  ])('is refused %s', (_, change, sentence) => {
    expect(refusal(release, { ...asked, ...change })).toMatch(sentence)
  })

  it('is tried with changes in no commit', () => {
    expect(refusal(release, { ...asked, uncommitted: ['M a'], trial: true })).toBeUndefined()
  })
})

test('CHANGELOG.md tells of the release in crds/release.ts', () => {
  const changelog = readFileSync(join(repositoryDir, 'CHANGELOG.md'), 'utf8')
  expect(
    refusal(RELEASE, { version: RELEASE.version, changelog, uncommitted: [], trial: false }),
  ).toBeUndefined()
})
