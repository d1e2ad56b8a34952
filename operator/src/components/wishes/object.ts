/** A Kubernetes object. */
import type { Aside } from '../desired.ts'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { OwnedKind } from '../../vocabulary/kinds.ts'

declare module '../desired.ts' {
  interface Wishes {
    readonly object: DesiredObject
  }
}

/** A Kubernetes object, by server-side apply. */
export interface DesiredObject {
  readonly type: 'object'
  readonly resource: OwnedKind
  readonly object: KubernetesObject
  readonly aside?: Aside
}
