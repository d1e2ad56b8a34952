/** An edit rehearsed: the operator's own passes over a copy, until one of them has nothing to do. */
import type { KubernetesObject } from '../../src/runtime/object.ts'
import type { Change } from './compare.ts'
import type { Write } from './world.ts'
import { checks } from '../../src/checks/index.ts'
import { components } from '../../src/components/index.ts'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { changesOf } from './compare.ts'
import { World, type Beginning, type Stage } from './world.ts'

/** More would be a circle. */
const MOST_PASSES = 40

/** What would become of one object. */
export interface Planned {
  readonly change: Write['change']
  readonly kind: string
  readonly name: string
  /** How many writes it takes. */
  readonly times: number
  readonly fields: readonly Change[]
  readonly after: { readonly replicas?: number }
}

export interface Rehearsal {
  /** One by one, in their order. */
  readonly writes: readonly Write[]
  readonly planned: readonly Planned[]
  /** What would be written without the edit, too. */
  readonly anyway: readonly Planned[]
  /** `SpecValid: message`, of conditions that are not True in the end. */
  readonly faults: readonly { readonly type: string; readonly reason: string; readonly message: string }[]
  /** Objects of which the caller may not ask the API server. */
  readonly unasked: readonly string[]
  /** Every pass found something to do, until it was given up. */
  readonly isEndless: boolean
}

/** @param edited the object as the API server would have it; `isNew`: there is none yet */
export async function rehearse(
  begun: Beginning,
  stage: Stage,
  edited: KubernetesObject,
  { isNew, signal }: { readonly isNew: boolean; readonly signal: AbortSignal },
): Promise<Rehearsal> {
  const world = new World(begun, stage)
  if (!isNew) await untilQuiet(world, signal)
  const before = new Map(world.children)
  const anyway = plannedOf(world.writes.splice(0), begun.children, before)
  world.edit(edited)
  const isQuiet = await untilQuiet(world, signal)
  return {
    writes: world.writes,
    planned: plannedOf(world.writes, before, world.children),
    anyway,
    faults: (world.status.conditions ?? [])
      .filter(({ type, status }) => status === 'False' && TOLD.includes(type))
      .map(({ type, reason, message }) => ({ type, reason, message })),
    unasked: [...world.unasked].sort(),
    isEndless: !isQuiet,
  }
}

/** Conditions that a rehearsal can judge: the others need pods, servers and time. */
const TOLD: readonly string[] = [
  'SpecValid',
  'DependenciesReachable',
  'NatsTLSReady',
  'NatsReady',
  'NetworkPolicyReady',
  'WorkerReady',
  'BackupReady',
]

async function untilQuiet(world: World, signal: AbortSignal): Promise<boolean> {
  const ports = world.ports()
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const [writes, status] = [world.writes.length, JSON.stringify(world.status)]
    await reconcile(world.key, { components, checks }, ports, signal)
    const isPlayed = world.play()
    const isSaid = JSON.stringify(world.status) === status
    if (world.writes.length === writes && !isPlayed && isSaid) return true
  }
  return false
}

/** One entry for each object, in the order of the first write of it. */
export function plannedOf(
  writes: readonly Write[],
  before: ReadonlyMap<string, KubernetesObject>,
  after: ReadonlyMap<string, KubernetesObject>,
): readonly Planned[] {
  const byObject = Map.groupBy(writes, ({ kind, name }) => `${kind}/${name}`)
  return [...byObject].map(([key, all]) => {
    const [{ kind, name }] = all as [Write, ...Write[]]
    const last = all.at(-1)?.change ?? 'updated'
    const first = all[0]?.change
    // What is made on the way and goes again is told as made: its pods run.
    const change = first === 'created' ? 'created' : last
    const [from, to] = [before.get(key), after.get(key)]
    const { replicas } = (to?.['spec'] ?? {}) as { replicas?: number }
    const fields = changesOf(from, to)
    return {
      change,
      kind,
      name,
      times: all.length,
      fields,
      after: replicas === undefined ? {} : { replicas },
    }
  })
}
