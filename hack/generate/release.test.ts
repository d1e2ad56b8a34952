/** The release stands in one place; everything else that spells it is written by the generator. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RELEASE, type Release } from '../../crds/release.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { manager } from './manager.ts'
import { outputs } from './outputs.ts'
import { STAMPED, stamped } from './stamped.ts'

/** Hidden folders are nobody's sources, apart from that of CI. */
const SKIPPED = /^(node_modules|dist|coverage|\.(?!ci$).*)$/
/** What happened, and what package managers keep in step by themselves. */
const APART = /^(CHANGELOG\.md|docs\/adr\/.*|crds\/release\.ts|.*(package-lock\.json|go\.mod|go\.sum))$/

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !SKIPPED.test(name))
  const paths = entries.map(async (entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesBelow(path)
    return entry.isFile() ? [relative(repositoryDir, path)] : []
  })
  return (await Promise.all(paths)).flat()
}

/** Where a version stands by itself, and not within a longer one or an address. */
const spelling = (version: string) => new RegExp(`(?<![\\d.^~])${version.replaceAll('.', '\\.')}(?![\\d.])`)

async function spelled(version: string): Promise<readonly string[]> {
  const files = (await filesBelow(repositoryDir)).filter((path) => !APART.test(path))
  const found = files.map(async (path) => {
    const text = await readFile(join(repositoryDir, path), 'utf8')
    return spelling(version).test(text) ? [path] : []
  })
  return (await Promise.all(found)).flat()
}

const NEXT: Release = {
  version: '7.8.9',
  images: {
    operator: { name: RELEASE.images.operator.name, tag: '7.8.9' },
    worker: { name: RELEASE.images.worker.name, tag: '7.8.9' },
    nats: { name: RELEASE.images.nats.name, tag: '4.5.6-alpine' },
  },
  docsUrl: RELEASE.docsUrl,
}
const VERSIONS = [RELEASE.version, RELEASE.images.nats.tag]

describe('the release', () => {
  test.each(VERSIONS)('%s is spelled by hand nowhere but in crds/release.ts', async (version) => {
    const derived = await outputs(RELEASE)
    const places = await spelled(version)
    expect(places).toContain('config/manager/manager.yaml')
    expect(places.filter((path) => !derived.has(path))).toEqual([])
  })

  test('reaches every file that spells it when it is another', async () => {
    const texts = [...(await outputs(NEXT))]
    const left = texts.filter(([, text]) => VERSIONS.some((version) => spelling(version).test(text)))
    expect(left.map(([path]) => path)).toEqual([])
    const reached = texts.filter(([, text]) => /7\.8\.9|4\.5\.6/.test(text)).map(([path]) => path)
    expect(reached).toEqual(
      expect.arrayContaining([...STAMPED, 'config/manager/manager.yaml', 'operator/test/golden/full.yaml']),
    )
  })

  test('is what the local cluster builds', async () => {
    const modules = await readFile(join(repositoryDir, 'hack/cluster/tools/dataplane/go.mod'), 'utf8')
    expect(modules).toContain(`github.com/nats-io/nats-server/v2 v${RELEASE.images.nats.tag} `)
  })
})

describe('a file written by hand', () => {
  test.each([
    ['an image', 'image: batchsender/worker:1.0.0', 'image: batchsender/worker:7.8.9'],
    [
      'a registry',
      '`r.example.com:5000/batchsender/operator:1.0.0`',
      '`r.example.com:5000/batchsender/operator:7.8.9`',
    ],
    [
      'an override',
      '  - name: nats\n    newName: r/nats\n    newTag: 1',
      '  - name: nats\n    newName: r/nats\n    newTag: 4.5.6-alpine',
    ],
  ])('has its tag replaced: %s', (_, before, after) => {
    expect(stamped(before, NEXT)).toBe(after)
  })

  test.each([
    'nats://nats:4222',
    'nats: [4222]',
    'my-nats:1.0.0',
    'batchsender/standins:dev',
    '- name: natsbox\n    newTag: 1',
  ])('keeps %j', (text) => {
    expect(stamped(text, NEXT)).toBe(text)
  })
})

test('the operator’s manifests pin no pod to a user and leave every image to an overlay', () => {
  const text = manager(NEXT)
  expect(text.match(/image: .*/g)).toEqual([
    'image: batchsender/worker:7.8.9',
    'image: nats:4.5.6-alpine',
    'image: batchsender/operator:7.8.9',
  ])
  expect(text).not.toMatch(/runAs(User|Group)|fsGroup/)
})
