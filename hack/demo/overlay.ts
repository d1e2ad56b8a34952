/** A folder of config/ in a namespace of its own, with images that the cluster has: an overlay as a user would write it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { stringify } from 'yaml'
import type { Image } from '../../crds/release.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'

export interface Overlay {
  /** A folder in config. */
  readonly base: string
  readonly namespace: string
  /** Name in the manifests → what takes its place. */
  readonly images: Readonly<Record<string, Image>>
}

/** @returns manifests, ready to apply */
export async function rendered({ kubectl }: Pick<Cluster, 'kubectl'>, overlay: Overlay): Promise<string> {
  // Bases are named by relative paths: beside config.
  const folder = await mkdtemp(join(repositoryDir, '.overlay-'))
  try {
    const base = relative(folder, join(repositoryDir, 'config', overlay.base))
    await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization(overlay, base)))
    return await run(kubectl, ['kustomize', folder])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function kustomization({ namespace, images }: Overlay, base: string): object {
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace,
    resources: [base],
    images: Object.entries(images).map(([name, { name: newName, tag: newTag }]) => ({
      name,
      newName,
      newTag,
    })),
  }
}
