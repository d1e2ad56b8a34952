/** Deletes one child after the other, and knows of each when it was healed. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubernetesObject } from '../../../operator/src/runtime/object.ts'
import type { Plane } from './plane.ts'
import { ApiError } from '../../../operator/src/runtime/errors.ts'
import { joinKey } from '../../../operator/src/runtime/object.ts'
import { isAsDesired } from './checker.ts'
import { CHILD_KINDS } from './fixture.ts'
import { desiredOf, remove } from './harm.ts'
import { NAMESPACE } from './plane.ts'

export interface Wound {
  /** `plural/name` of the child. */
  readonly child: string
  /** When the server had deleted it, milliseconds of `performance.now()`. */
  readonly at: number
  /** `undefined` when that did not happen in time. */
  readonly healedAt: number | undefined
}

export interface Wounding {
  readonly names: readonly string[]
  readonly everyMs: number
  /** How long each child is waited for. */
  readonly deadlineMs: number
}

/** @returns once all are healed or late, after `until` came. */
export async function wound(
  plane: Plane,
  { names, everyMs, deadlineMs }: Wounding,
  until: Promise<unknown>,
): Promise<readonly Wound[]> {
  // Kinds in turn, so that each watch is tried every few seconds.
  const children = names.flatMap((name) => CHILD_KINDS.map((kind) => ({ name, kind })))
  const waiting = new Map<string, Promise<void>>()
  const wounds: Wound[] = []
  const one = async ({ name, kind }: (typeof children)[number], child: string): Promise<void> => {
    const desired = desiredOf(plane, kind, name)
    const uid = plane.observer.get(kind.kind, joinKey(NAMESPACE, name))?.metadata.uid
    if (!(await isRemoved(plane, kind, name))) return
    const at = performance.now()
    const isHealed = (object: KubernetesObject) => object.metadata.uid !== uid && isAsDesired(object, desired)
    const healedAt = await plane.observer.when(kind.kind, joinKey(NAMESPACE, name), isHealed, deadlineMs)
    wounds.push({ child, at, healedAt })
  }
  const progress = { isOver: false }
  let failure: unknown
  const over = until.finally(() => {
    progress.isOver = true
  })
  for (let next = 0; !progress.isOver; next += 1) {
    const target = children[next % children.length]
    const child = `${target?.kind.plural ?? ''}/${target?.name ?? ''}`
    if (target && !waiting.has(child))
      waiting.set(
        child,
        one(target, child)
          .catch((error: unknown) => {
            failure = error
          })
          .finally(() => waiting.delete(child)),
      )
    await Promise.race([sleep(everyMs), over])
  }
  await over
  await Promise.all(waiting.values())
  if (failure instanceof Error) throw failure
  return wounds
}

/** Nobody answers while a server restarts. One that has gone without an answer was deleted all the same. */
async function isRemoved(plane: Plane, kind: (typeof CHILD_KINDS)[number], name: string): Promise<boolean> {
  try {
    await remove(plane, kind, name)
    return true
  } catch (error) {
    return error instanceof ApiError && error.status === 404
  }
}

/** Seconds of the longest wait that lasted, or began, after `sinceMs`; `undefined` when something was not healed. */
export function blindSecondsOf(wounds: readonly Wound[], sinceMs: number): number | undefined {
  if (wounds.some(({ healedAt }) => healedAt === undefined)) return undefined
  const waits = wounds.map(({ at, healedAt = 0 }) => healedAt - Math.max(at, sinceMs))
  return Math.max(0, ...waits) / 1_000
}
