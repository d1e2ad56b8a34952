/** The files of a release that are applied: rendered by kubectl from config/, and the chart, packed. */
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { imageText, type Release } from '../../crds/release.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { binary } from '../cluster/binaries.ts'
import { run } from '../cluster/shell.ts'
import { CHART } from '../generate/chart/texts.ts'
import { gzip, tar } from './archive.ts'
import { fullName } from './images.ts'

const RENDERED = { 'install.yaml': 'default', 'install-cluster-wide.yaml': 'cluster-wide' } as const

export async function releaseManifests(release: Release, target: string): Promise<void> {
  const kubectl = await binary('kubectl')
  for (const [file, form] of Object.entries(RENDERED)) {
    const text = await run(kubectl, ['kustomize', join(repositoryDir, 'config', form)])
    await writeFile(join(target, file), text)
  }
  const definition = await readFile(join(repositoryDir, 'crds/batchsenders.yaml'), 'utf8')
  await writeFile(join(target, 'crds.yaml'), definition)
  const images = Object.values(release.images).map((image) => fullName(imageText(image)))
  await writeFile(join(target, 'images.txt'), `${images.join('\n')}\n`)
}

/** Not by `helm package`, which writes the time of day into it. */
export async function releaseChart(
  { version }: Release,
  { work, target, seconds }: { readonly work: string; readonly target: string; readonly seconds: number },
): Promise<void> {
  await mkdir(join(work, 'chart'), { recursive: true })
  await cp(join(repositoryDir, 'config/chart'), join(work, 'chart', CHART), { recursive: true })
  await cp(join(repositoryDir, 'LICENSE'), join(work, 'chart', CHART, 'LICENSE'))
  const packed = join(work, 'chart.tar')
  await tar(join(work, 'chart'), packed, { seconds, entries: [CHART] })
  await gzip(packed, `${packed}.gz`)
  await rename(`${packed}.gz`, join(target, `${CHART}-${version}.tgz`))
}
