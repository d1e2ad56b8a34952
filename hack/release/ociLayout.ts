/** An OCI image layout with one image for several architectures, as one archive that skopeo, crane, oras and ctr read. */
import { createHash } from 'node:crypto'
import { link, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzip, sha256, tar } from './archive.ts'
import type { ImageSettings } from './dockerfile.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'
const PATH = 'PATH=/usr/local/bin:/usr/bin:/bin'

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/** A compressed layer, and the digest of what is in it. */
export interface Layer {
  readonly file: string
  readonly descriptor: Descriptor
  readonly diffId: string
}

/** @param shared a folder in it that everybody may write into */
export async function layerOf(
  root: string,
  file: string,
  options: { readonly seconds: number; readonly shared?: string },
): Promise<Layer> {
  await tar(root, `${file}.tar`, options)
  const diffId = `sha256:${await sha256(`${file}.tar`)}`
  await gzip(`${file}.tar`, file)
  await rm(`${file}.tar`)
  const { size } = await stat(file)
  return { file, diffId, descriptor: { mediaType: LAYER, digest: `sha256:${await sha256(file)}`, size } }
}

export interface OciImage {
  /** With registry and tag. */
  readonly name: string
  readonly workdir: string
  readonly settings: ImageSettings
  /** Architecture → layers, the lowest first. */
  readonly layers: Readonly<Record<string, readonly Layer[]>>
}

/**
 * @param target the archive
 * @returns the digest by which a registry will know it
 */
export async function writeLayout(image: OciImage, target: string, seconds: number): Promise<string> {
  const folder = `${target}.layout`
  const blobs = join(folder, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const blob = async (mediaType: string, value: object): Promise<Descriptor> => {
    const text = JSON.stringify(value)
    const digest = createHash('sha256').update(text).digest('hex')
    await writeFile(join(blobs, digest), text)
    return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(text) }
  }
  const manifests: object[] = []
  for (const [architecture, layers] of Object.entries(image.layers)) {
    const config = await blob(CONFIG, configOf(image, architecture, layers, seconds))
    for (const { file, descriptor } of layers)
      await linkOnce(file, join(blobs, descriptor.digest.replace('sha256:', '')))
    const manifest = await blob(MANIFEST, {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config,
      layers: layers.map(({ descriptor }) => descriptor),
    })
    manifests.push({ ...manifest, platform: { architecture, os: 'linux' } })
  }
  const index = await blob(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests })
  const annotations = {
    'io.containerd.image.name': image.name,
    'org.opencontainers.image.ref.name': image.name,
  }
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [{ ...index, annotations }] }),
  )
  await tar(folder, `${target}.tmp`, { seconds, entries: ['oci-layout', 'index.json', 'blobs'] })
  await rename(`${target}.tmp`, target)
  await rm(folder, { recursive: true, force: true })
  return index.digest
}

async function linkOnce(file: string, target: string): Promise<void> {
  await link(file, target).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  })
}

function configOf(
  { workdir, settings }: OciImage,
  architecture: string,
  layers: readonly Layer[],
  seconds: number,
) {
  const created = new Date(seconds * 1000).toISOString()
  return {
    created,
    architecture,
    os: 'linux',
    config: { ...settings, Env: [PATH, ...settings.Env], WorkingDir: workdir },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created, created_by: 'hack/release' })),
  }
}
