/** Hand-over: a leader and a standby; the leader ends, cleanly and by SIGKILL; how long until the other one heals. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Plane } from '../plane.ts'
import type { Process, Stage } from '../stage.ts'
import { ApiError } from '../../../../operator/src/runtime/errors.ts'
import { CHILD_KINDS } from '../fixture.ts'
import { healed, remove } from '../harm.ts'
import { NAMESPACE } from '../plane.ts'
import { nameOf } from './burst.ts'

/** Seconds from the signal until a child was healed that was deleted after the leader's end; empty without election. */
export interface HandoverFigures {
  readonly cleanSeconds?: number
  readonly killedSeconds?: number
}

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/bench`
const STARTING_MS = 60_000
/** Until a standby has filled the caches that it fills before it leads. */
const WARMING_MS = 3_000

export async function handover(stage: Stage): Promise<HandoverFigures> {
  const { elected } = stage
  if (!elected) return {}
  const start = (number: number) => stage.start(`handover-${number}`, { command: elected })
  const first = await start(1)
  await Promise.race([until(async () => (await holder(stage.plane)) !== ''), first.failed])
  const second = await standby(stage, await start(2))
  const cleanSeconds = await succession(stage, first, second, 'SIGTERM')
  const third = await standby(stage, await start(3))
  const killedSeconds = await succession(stage, second, third, 'SIGKILL')
  return { cleanSeconds, killedSeconds }
}

async function standby({ plane }: Stage, process: Process): Promise<Process> {
  const hasAsked = async () =>
    (await plane.requestsOf(process.user)).some(({ objectRef }) => objectRef?.resource === 'leases')
  await Promise.race([until(hasAsked), process.failed])
  await Promise.race([sleep(WARMING_MS), process.failed])
  return process
}

async function succession(
  { plane }: Stage,
  leader: Process,
  heir: Process,
  signal: NodeJS.Signals,
): Promise<number> {
  const signalledAt = performance.now()
  await leader.stop(signal)
  await Promise.race([healed(plane, CHILD_KINDS[1], nameOf(0), remove, STARTING_MS), heir.failed])
  return (performance.now() - signalledAt) / 1_000
}

/** @returns who leads; empty when nobody does. */
async function holder({ client }: Plane): Promise<string> {
  try {
    const { body } = await client.request<{ readonly spec?: { readonly holderIdentity?: string } }>({
      method: 'GET',
      path: LEASE,
    })
    return body.spec?.holderIdentity ?? ''
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return ''
    throw error
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + STARTING_MS
  while (!(await isTrue())) {
    if (performance.now() > end)
      throw new Error(`nobody took part in an election in ${STARTING_MS / 1_000} s`)
    await sleep(100)
  }
}
