/**
 * A release, made twice as on two machines: the same bytes, images for both architectures with all that Node asks for,
 * and every package told. Only where Helm was built (`make peers`), since it takes minutes; that it was left out is told.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { imageText, RELEASE } from '../../crds/release.ts'
import { exists } from '../../hack/cluster/exists.ts'
import { run } from '../../hack/cluster/shell.ts'
import { cachedHelm } from '../../hack/peers/helm.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { ROOT } from './harness.ts'

const helm = await cachedHelm()
if (helm === undefined) console.log('LEFT OUT  operator/test/release.test.ts: Helm is not built (make peers)')

const { version } = RELEASE
const MINUTES = 60_000
const read = (...path: readonly string[]) => readFile(join(...path), 'utf8')
const json = async <Value>(...path: readonly string[]) => JSON.parse(await read(...path)) as Value

interface Descriptor {
  readonly digest: string
  readonly platform?: { readonly architecture: string }
}

describe.skipIf(helm === undefined)('make release', () => {
  let folder: string
  let dist: string

  /** In a process of its own, with a umask and a time zone of its own. */
  const made = async (name: string, umask: string, zone: string) => {
    const target = join(folder, name)
    const node = join(ROOT, 'node_modules/.bin/node')
    const env = {
      ...process.env,
      VERSION: version,
      TRIAL: '1',
      DIST: target,
      SOURCE_DATE_EPOCH: '1796083200',
      TZ: zone,
    }
    const command = `umask ${umask}; exec '${node}' '${join(ROOT, 'hack/release/main.ts')}'`
    await run('sh', ['-c', command], { env, cwd: ROOT })
    return target
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'release-test-'))
    dist = await made('one', '022', 'UTC')
  }, 30 * MINUTES)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it(
    'gives the same bytes again',
    async () => {
      const again = await made('two', '077', 'Pacific/Kiritimati')
      // Somebody may have committed meanwhile, which provenance tells.
      const sums = async (folder: string) =>
        (await read(folder, 'SHA256SUMS')).split('\n').filter((line) => !line.includes('provenance'))
      expect(await sums(again)).toEqual(await sums(dist))
      await rm(again, { recursive: true })
    },
    30 * MINUTES,
  )

  it('has sums of everything, which agree', async () => {
    await run('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: dist })
    const listed = (await read(dist, 'SHA256SUMS'))
      .trim()
      .split('\n')
      .map((line) => line.slice(66))
    const files = (await readdir(dist, { recursive: true, withFileTypes: true })).filter((one) =>
      one.isFile(),
    )
    expect(listed).toHaveLength(files.length - 1)
    const { subject } = await json<{ subject: { name: string }[] }>(dist, 'provenance.unsigned.intoto.json')
    expect([...subject.map(({ name }) => name), 'provenance.unsigned.intoto.json'].sort()).toEqual(
      listed.sort(),
    )
  })

  it.each(['install.yaml', 'install-cluster-wide.yaml'])('has in %s what runs this release', async (file) => {
    const objects = parseAllDocuments(await read(dist, file)).map((one) => one.toJS() as KubernetesObject)
    expect(objects.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['CustomResourceDefinition', 'Deployment']),
    )
    const text = JSON.stringify(objects)
    for (const image of Object.values(RELEASE.images)) expect(text).toContain(imageText(image))
    expect(text).not.toContain('$(BATCHSENDER')
  })

  it('names every image that has to be mirrored', async () => {
    expect((await read(dist, 'images.txt')).trim().split('\n')).toEqual([
      `docker.io/batchsender/operator:${version}`,
      `docker.io/batchsender/worker:${version}`,
      `docker.io/library/nats:${RELEASE.images.nats.tag}`,
    ])
  })

  it('has a chart that Helm takes', async () => {
    const chart = join(dist, `batchsender-operator-${version}.tgz`)
    expect(await run(helm ?? '', ['lint', '--strict', chart])).toContain('0 chart(s) failed')
    expect(await run(helm ?? '', ['show', 'chart', chart])).toContain(`version: ${version}`)
  })

  it.each(['operator', 'worker'])(
    'has an image of the %s for two architectures, and tells what is in it',
    async (app) => {
      const layout = join(folder, app)
      await mkdir(layout)
      await run('tar', ['-xf', join(dist, 'images', `${app}-${version}.oci.tar`), '-C', layout])
      const blob = (digest: string) => join(layout, 'blobs/sha256', digest.replace('sha256:', ''))
      for (const name of await readdir(join(layout, 'blobs/sha256')))
        expect((await run('sha256sum', [join(layout, 'blobs/sha256', name)])).slice(0, 64)).toBe(name)
      const {
        manifests: [index],
      } = await json<{ manifests: [Descriptor] }>(layout, 'index.json')
      const { manifests } = await json<{ manifests: Descriptor[] }>(blob(index.digest))
      expect(manifests.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64'])

      const bom = await json<{ components: { name: string; version: string; purl: string }[] }>(
        dist,
        'sbom',
        `${app}-${version}.cdx.json`,
      )
      const told = new Set(bom.components.map(({ purl }) => decodeURIComponent(purl)))
      for (const { digest, platform } of manifests) {
        const root = join(layout, platform?.architecture ?? '')
        await mkdir(root)
        const { layers } = await json<{ layers: Descriptor[] }>(blob(digest))
        for (const layer of layers) await run('tar', ['-xpzf', blob(layer.digest), '-C', root])
        expect((await stat(join(root, 'tmp'))).mode & 0o7777).toBe(0o1777)
        const node = join(root, 'usr/local/bin/node')
        const machine = platform?.architecture === 'arm64' ? 'AArch64' : 'X86-64'
        expect(await run('readelf', ['-h', node])).toMatch(new RegExp(`Machine:.*${machine}`))
        expect(await missingLibraries(node, root)).toEqual([])
        expect((await stat(join(root, 'app', app, 'src/main.js'))).isFile()).toBe(true)
        expect(await exists(join(root, 'app', app, 'src/main.test.js'))).toBe(false)
        expect(
          (await packagesIn(join(root, 'app/node_modules'))).filter((one) => !told.has(`pkg:npm/${one}`)),
        ).toEqual([])
      }
      for (const architecture of ['amd64', 'arm64'])
        expect(
          [...told].filter((one) => one.startsWith('pkg:deb') && one.endsWith(`arch=${architecture}`)),
        ).toHaveLength(3)
      await rm(layout, { recursive: true })
    },
  )

  it('says nothing of the machine that made it', async () => {
    const host = new URL((await run('npm', ['config', 'get', 'registry'])).trim()).host
    const texts = (await readdir(dist, { recursive: true })).filter((name) => /\.(yaml|json|txt)$/.test(name))
    for (const name of texts) {
      const text = await read(dist, name)
      expect([name, text.includes(ROOT), host !== 'registry.npmjs.org' && text.includes(host)]).toEqual([
        name,
        false,
        false,
      ])
    }
  })
})

/** What a program asks its loader for and the root does not have. */
async function missingLibraries(program: string, root: string): Promise<readonly string[]> {
  const needed = [...(await run('readelf', ['-d', program])).matchAll(/NEEDED.*\[(.*)\]/g)].map(
    ([, name = '']) => name,
  )
  expect(needed.length).toBeGreaterThan(3)
  const there = new Set((await readdir(root, { recursive: true })).map((path) => path.split('/').at(-1)))
  return needed.filter((name) => !there.has(name))
}

/** `name@version` of every package below a folder of modules, but for those of this project. */
async function packagesIn(modules: string): Promise<readonly string[]> {
  const paths = (
    await run('find', [
      modules,
      '-name',
      'package.json',
      '-path',
      '*/node_modules/*',
      '-not',
      '-path',
      '*/@batchsender/*',
    ])
  )
    .trim()
    .split('\n')
    .filter((path) => /\/node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path))
  const manifests = await Promise.all(paths.map((path) => json<{ name: string; version: string }>(path)))
  expect(manifests.length).toBeGreaterThan(20)
  return manifests.map(({ name, version: of }) => `${name}@${of}`)
}
