/** A key in a Secret of ours, for data or for fingerprints. */
import type { SecretIdentity } from './secretIdentity.ts'

declare module '../desired.ts' {
  interface Wishes {
    readonly key: DesiredKey
  }
}

/** A key to be made once, or copied from where it still is; a good one is never replaced. */
export interface DesiredKey {
  readonly type: 'key'
  readonly secret: SecretIdentity
  /** The entry of the Secret that holds it. */
  readonly key: string
  readonly source:
    /** Refused while one of those volumes exists, which only the key that is gone could read. */
    | { readonly from: 'random'; readonly sizeBytes: number; readonly unlessVolumes?: readonly string[] }
    | { readonly from: 'secret'; readonly name: string }
}
