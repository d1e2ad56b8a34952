/** An object on its way out: waited for, not fought, and told when it does not go. Pure. */
import type { KubernetesObject } from './object.ts'

export interface Going {
  readonly state: 'terminating'
  /** When its deletion was asked for, RFC 3339; absent for what its collector has not come to yet. */
  readonly since?: string
  readonly finalizers: readonly string[]
}

export function goingOf({ metadata }: KubernetesObject): Going {
  const { deletionTimestamp, finalizers = [] } = metadata
  return {
    state: 'terminating',
    finalizers,
    ...(deletionTimestamp !== undefined && { since: deletionTimestamp }),
  }
}

/** Long enough for pods and volumes to end. */
const PATIENCE_MS = 60_000
const COLLECTOR_MS = 5_000
/** What the server itself sets while it deletes dependents first. */
const SERVERS_FINALIZERS: readonly string[] = ['foregroundDeletion', 'orphan']

export interface Wait {
  readonly againMs: number
  /** What a person must know of it now. */
  readonly why?: string
  /** What a person must know of it when it lasts. */
  readonly fault?: string
}

export function waitFor({ since, finalizers }: Going, now: Date): Wait {
  const foreign = finalizers.filter((name) => !SERVERS_FINALIZERS.includes(name))
  if (since === undefined)
    return {
      againMs: COLLECTOR_MS,
      fault: 'belongs to an owner of the same name that is gone, and is not collected',
    }
  if (foreign.length > 0)
    return { againMs: PATIENCE_MS, why: `is being deleted and held by finalizer ${foreign.join(', ')}` }
  const leftMs = new Date(since).getTime() + PATIENCE_MS - now.getTime()
  return leftMs > 0
    ? { againMs: leftMs }
    : { againMs: PATIENCE_MS, why: 'is being deleted and does not go away' }
}
