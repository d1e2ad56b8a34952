/**
 * Images for a cluster of the caller's: built by a command like `docker build`, and handed over by a command like
 * `kind load docker-image`, or pushed to a registry that the nodes pull from.
 */
import type { Image } from '../../crds/release.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'
import type { Build } from './images.ts'

export interface Handover {
  /** The words of a command that takes `--target`, `-f`, `-t` and a context. */
  readonly build: readonly string[]
  /** The words of a command; the name of the image comes last. */
  readonly hand: readonly string[]
  /** Before the names of images: `registry.example.com/team`. */
  readonly registry?: string
}

/** @throws Error that says what to set */
export function handoverOf(environment: NodeJS.ProcessEnv): Handover {
  const words = (name: string, standard: string) => (environment[name] ?? standard).split(' ').filter(Boolean)
  const build = words('IMAGE_BUILD', 'docker build')
  const registry = environment['IMAGE_REGISTRY']
  if (registry !== undefined) return { build, hand: words('IMAGE_PUSH', 'docker push'), registry }
  const hand = words('IMAGE_LOAD', '')
  if (hand.length > 0) return { build, hand }
  throw new Error(
    "CLUSTER=current needs to know how images get there: IMAGE_LOAD='kind load docker-image' (k3d: 'k3d image import', minikube: 'minikube image load'), or IMAGE_REGISTRY=registry.example.com/team to push them to",
  )
}

/** As the cluster names it. */
export const inHandover = ({ registry }: Handover, { name, tag }: Image): Image =>
  registry === undefined ? { name, tag } : { name: `${registry}/${name.replace(/^docker\.io\//, '')}`, tag }

/** Builds one image and hands it over, telling what it does. */
export const buildFor =
  ({ build, hand }: Handover): Build =>
  async ({ image, target, context, dockerfile }) => {
    const file = `${repositoryDir}/${dockerfile}`
    await told([...build, '--target', target, '-f', file, '-t', image, context])
    await told([...hand, image])
  }

async function told([program = '', ...args]: readonly string[]): Promise<void> {
  console.error(`  ${[program, ...args].join(' ')}`)
  await run(program, args, { show: true })
}
