import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { RELEASE } from '../../crds/release.ts'
import { withVerbs } from '../generate/pluginDocs.ts'
import { krewManifest } from './krew.ts'

it('the manifest for krew has an entry for each archive, with its checksum', () => {
  const archives = [
    { platform: 'linux/amd64', sha256: 'a'.repeat(64) },
    { platform: 'linux/arm64', sha256: 'b'.repeat(64) },
  ]
  const { metadata, spec } = parse(krewManifest(RELEASE, archives)) as {
    metadata: { name: string }
    spec: { version: string; platforms: { uri: string; sha256: string; selector: object; bin: string }[] }
  }
  expect([metadata.name, spec.version]).toEqual(['batchsender', `v${RELEASE.version}`])
  expect(spec.platforms.map(({ sha256 }) => sha256)).toEqual(archives.map(({ sha256 }) => sha256))
  expect(spec.platforms[1]).toMatchObject({
    selector: { matchLabels: { os: 'linux', arch: 'arm64' } },
    bin: 'kubectl-batchsender',
  })
  expect(spec.platforms[1]?.uri).toContain(`/v${RELEASE.version}/kubectl-batchsender-linux-arm64.tar.gz`)
})

it('a page that lost its marks is refused', () => {
  expect(() => withVerbs('# nothing')).toThrow('docs/plugin.md lacks')
})
