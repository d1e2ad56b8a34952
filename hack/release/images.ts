/** The images of a release: the stages of the Dockerfile on a base for each architecture, and what is in them. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Release } from '../../crds/release.ts'
import { repositoryDir } from '../cluster/paths.ts'
import type { AppImage } from '../images/images.ts'
import { ARCHITECTURES, makeBase, type BaseComponent } from './base.ts'
import { stagesOf } from './dockerfile.ts'
import { layerOf, writeLayout, type Layer } from './ociLayout.ts'
import { sbom } from './sbom.ts'
import { build } from './stages.ts'

const APPS: readonly AppImage[] = ['operator', 'worker']

/** As the cluster's containerd and every registry client complete it. */
export const fullName = (name: string): string => `docker.io/${name.includes('/') ? name : `library/${name}`}`

export interface ImagesOptions {
  readonly release: Release
  /** For what is not kept. */
  readonly work: string
  readonly target: string
  readonly seconds: number
}

export async function releaseImages({ release, work, target, seconds }: ImagesOptions): Promise<void> {
  const stages = stagesOf(await readFile(join(repositoryDir, 'Dockerfile'), 'utf8'))
  const bases: Record<string, Layer> = {}
  const components: BaseComponent[] = []
  for (const architecture of ARCHITECTURES) {
    console.error(`  base for ${architecture}`)
    const base = await makeBase(architecture, work)
    bases[architecture] = await layerOf(base.root, join(work, `base-${architecture}.gz`), {
      seconds,
      shared: 'tmp',
    })
    components.push(...base.components)
  }
  await mkdir(join(target, 'images'), { recursive: true })
  await mkdir(join(target, 'sbom'), { recursive: true })
  for (const app of APPS) {
    console.error(`  image of the ${app}`)
    const { root, workdir } = await build(stages, app, join(work, 'stages'))
    const layer = await layerOf(root, join(work, `${app}.gz`), { seconds })
    const settings = stages.find(({ name }) => name === app)?.settings ?? { Env: [], Labels: {} }
    const { name, tag } = release.images[app]
    const layers = Object.fromEntries(Object.entries(bases).map(([key, base]) => [key, [base, layer]]))
    const labels = { ...settings.Labels, 'org.opencontainers.image.version': tag }
    const file = join(target, 'images', `${app}-${tag}.oci.tar`)
    const digest = await writeLayout(
      { name: `${fullName(name)}:${tag}`, workdir, settings: { ...settings, Labels: labels }, layers },
      file,
      seconds,
    )
    const folder = join(work, `sbom-${app}`)
    await cp(join(work, 'stages/manifests/src'), folder, { recursive: true })
    const text = await sbom({
      folder,
      workspaces: ['crds', app],
      modules: join(root, 'app/node_modules'),
      image: { name, version: tag, digest },
      base: components,
      seconds,
    })
    await writeFile(join(target, 'sbom', `${app}-${tag}.cdx.json`), text)
  }
}
