/** Files written by hand that name images of the release: their tags alone are the generator's. Pure. */
import type { Image, Release } from '../../crds/release.ts'

export const STAMPED = [
  'config/samples/full.yaml',
  'config/samples/overlay/kustomization.yaml',
  'docs/operator.md',
  'hack/cluster/README.md',
] as const

/** The same text with the tags of a release, wherever it names one of its images. */
export function stamped(text: string, { images }: Release): string {
  return Object.values(images).reduce(withTag, text)
}

function withTag(text: string, { name, tag }: Image): string {
  const place = new RegExp(`(?<![\\w.-])(${name}:)\\d+\\.\\d[\\w.-]*`, 'g')
  // As `images:` of a kustomization names it.
  const override = new RegExp(`(- name: ${name}\\n(?: +newName: .*\\n)? +newTag: ).*`, 'g')
  return text.replace(place, `$1${tag}`).replace(override, `$1${tag}`)
}
