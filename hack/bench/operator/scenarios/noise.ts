/** Noise: others change what is not the operator's: annotations, and the status of its children. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Resource } from '../../../../operator/src/runtime/object.ts'
import type { Plane } from '../plane.ts'
import type { RequestCounts } from '../requests.ts'
import type { Stage } from '../stage.ts'
import { pathOf } from '../../../../operator/src/runtime/object.ts'
import { BENCH, CHILD_KINDS } from '../fixture.ts'
import { NAMESPACE } from '../plane.ts'
import { insistOnWork, nameOf } from './burst.ts'

export interface NoiseFigures {
  /** What was reached of the 200 a second that were meant. */
  readonly updatesPerSecond: number
  readonly updates: number
  readonly cpuSeconds: number
  readonly requests: RequestCounts
}

const RATE_PER_SECOND = 200
const TICK_MS = 10
const MOST_AT_A_TIME = 32
const ANNOTATION = 'somebody.example/noise'

const [, CONFIG_MAP, , , DEPLOYMENT] = CHILD_KINDS

interface Update {
  readonly resource: Resource
  readonly subresource?: string
  readonly body: (index: number) => object
}

const UPDATES: readonly Update[] = [
  { resource: BENCH, body: (index) => annotated(String(index)) },
  { resource: CONFIG_MAP, body: (index) => annotated(String(index)) },
  {
    resource: DEPLOYMENT,
    subresource: 'status',
    body: (index) => ({ status: { replicas: index } }),
  },
]

/** @throws Error when something is not as it should be afterwards. */
export async function noise(stage: Stage): Promise<NoiseFigures> {
  const { plane, count, durations } = stage
  const process = await stage.settled('noise')
  const before = await process.weight()
  let updates = 0
  const startedAt = performance.now()
  let seconds = 0
  const requests = await stage.requestsDuring(process, async () => {
    updates = await disturb(plane, count, durations.noiseMs)
    seconds = (performance.now() - startedAt) / 1_000
    await plane.untilQuiet(process.user)
  })
  const after = await process.weight()
  await takeBack(plane, Math.min(count, updates))
  insistOnWork(plane)
  return {
    updates,
    updatesPerSecond: updates / seconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    requests,
  }
}

/** @returns how many updates the server took. */
async function disturb(plane: Plane, count: number, lastsMs: number): Promise<number> {
  const startedAt = performance.now()
  const underWay = new Set<Promise<void>>()
  let begun = 0
  let failure: unknown
  for (;;) {
    const elapsedMs = performance.now() - startedAt
    if (elapsedMs > lastsMs) break
    const due = Math.floor((elapsedMs * RATE_PER_SECOND) / 1_000)
    for (; begun < due && underWay.size < MOST_AT_A_TIME; begun += 1) {
      const one = update(plane, begun, count)
        .catch((error: unknown) => {
          failure = error
        })
        .finally(() => underWay.delete(one))
      underWay.add(one)
    }
    await sleep(TICK_MS)
  }
  await Promise.all(underWay)
  if (failure instanceof Error) throw failure
  return begun
}

async function update(plane: Plane, index: number, count: number): Promise<void> {
  const kind = UPDATES[index % UPDATES.length]
  if (!kind) return
  const name = nameOf(Math.floor(index / UPDATES.length) % count)
  await patch(plane, kind, name, kind.body(index))
}

/** The checker allows no annotation on a child. */
async function takeBack(plane: Plane, objects: number): Promise<void> {
  for (let index = 0; index < objects; index += 1)
    await patch(plane, { resource: CONFIG_MAP }, nameOf(index), annotated(null))
  const last = nameOf(objects - 1)
  await plane.observer.when(
    CONFIG_MAP.kind,
    `${NAMESPACE}/${last}`,
    ({ metadata }) => metadata.annotations === undefined,
    10_000,
  )
}

async function patch(
  { client }: Plane,
  { resource, subresource }: Pick<Update, 'resource' | 'subresource'>,
  name: string,
  body: object,
): Promise<void> {
  await client.request({
    method: 'PATCH',
    path: pathOf(resource, NAMESPACE, name, subresource),
    query: { fieldManager: 'somebody' },
    contentType: 'application/merge-patch+json',
    body,
  })
}

function annotated(value: string | null): object {
  return { metadata: { annotations: { [ANNOTATION]: value } } }
}
