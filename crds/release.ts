/**
 * What this release is made of. Its version and its images stand nowhere else: manifests, defaults and documents derive
 * from here (`npm run generate`).
 */

export interface Image {
  readonly name: string
  readonly tag: string
}

export interface Release {
  readonly version: string
  /** Of the operator, and of the pods that it makes. */
  readonly images: Readonly<Record<'operator' | 'worker' | 'nats', Image>>
  /** Where docs/ is to be served; nothing is there yet. */
  readonly docsUrl: string
}

const VERSION = '0.2.0'

export const RELEASE: Release = {
  version: VERSION,
  images: {
    operator: { name: 'batchsender/operator', tag: VERSION },
    worker: { name: 'batchsender/worker', tag: VERSION },
    nats: { name: 'nats', tag: '2.15.2' },
  },
  docsUrl: 'https://batchsender.io/docs',
}

/** As a pod names it. */
export const imageText = ({ name, tag }: Image): string => `${name}:${tag}`
