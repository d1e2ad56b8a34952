/** Heal: children deleted and edited by somebody else; how long until each is as it should be again. */
import type { Plane } from '../plane.ts'
import type { Stage } from '../stage.ts'
import { CHILD_KINDS } from '../fixture.ts'
import { edit, healed, remove } from '../harm.ts'
import { percentile } from '../statistics.ts'
import { insistOnWork, nameOf } from './burst.ts'

interface Healing {
  readonly samples: number
  /** From the server's answer to the one who did it until the repaired object was seen. */
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface HealFigures {
  readonly deleted: Healing
  readonly edited: Healing
  /** All children of every twentieth object deleted at once. */
  readonly massDelete: { readonly children: number; readonly seconds: number }
}

const MOST_SAMPLES = 100
const MASS_SHARE = 0.05

/** @throws Error when something is not healed in time. */
export async function heal(stage: Stage): Promise<HealFigures> {
  const { plane, count } = stage
  const { failed } = await stage.settled('heal')
  const measure = async () => {
    const samples = Math.min(count, MOST_SAMPLES)
    const deleted: number[] = []
    const edited: number[] = []
    for (let index = 0; index < samples; index += 1) {
      const kind = CHILD_KINDS[index % CHILD_KINDS.length] ?? CHILD_KINDS[0]
      deleted.push(await healed(plane, kind, nameOf(index), remove))
      edited.push(await healed(plane, kind, nameOf(index), edit))
    }
    const massDelete = await deleteMany(plane, Math.max(1, Math.floor(count * MASS_SHARE)))
    return { deleted: healingOf(deleted), edited: healingOf(edited), massDelete }
  }
  const figures = await Promise.race([measure(), failed])
  insistOnWork(plane)
  return figures
}

async function deleteMany(plane: Plane, objects: number): Promise<HealFigures['massDelete']> {
  const startedAt = performance.now()
  const names = Array.from({ length: objects }, (_, index) => nameOf(index))
  const harms = names.flatMap((name) => CHILD_KINDS.map((kind) => healed(plane, kind, name, remove)))
  await Promise.all(harms)
  return { children: harms.length, seconds: (performance.now() - startedAt) / 1_000 }
}

function healingOf(values: readonly number[]): Healing {
  return { samples: values.length, p50Ms: percentile(values, 0.5), p99Ms: percentile(values, 0.99) }
}
