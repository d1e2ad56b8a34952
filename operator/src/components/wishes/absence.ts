/** The end of an object. */
import type { Aside } from '../desired.ts'
import type { Resource } from '../../runtime/object.ts'

declare module '../desired.ts' {
  interface Wishes {
    readonly absent: DesiredAbsence
  }
}

/** An object of ours that must go; of a kind that the component declares in `prunes`. */
export interface DesiredAbsence {
  readonly type: 'absent'
  readonly resource: Resource
  readonly name: string
  readonly reason: string
  readonly aside?: Aside
}
