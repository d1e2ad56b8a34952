/** Faults: the network or the server fails while children are deleted; how long nothing is healed once it is over. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditEntry } from '../../../servers/auditLog.ts'
import type { Durations } from '../durations.ts'
import type { Plane } from '../plane.ts'
import type { Process, Stage } from '../stage.ts'
import { writesOf } from '../requests.ts'
import { refuseAll } from '../throttle.ts'
import { blindSecondsOf, wound, type Wound } from '../wounds.ts'
import { insistOnWork, nameOf } from './burst.ts'

export interface FaultFigures {
  /** Longest time that a deleted child was missing after all was well again; `null` when it never came. */
  readonly blindSeconds: number | null
  /** Whether the process was still there. */
  readonly alive: boolean
  readonly deletions: number
  /** Writes that the server carried out, beyond one for each deletion. */
  readonly duplicates: number
  /** Requests that the server answered with 429. */
  readonly throttled: number
}

export type FaultsFigures = Readonly<Partial<Record<FaultName, FaultFigures>>>
export type FaultName = keyof typeof FAULTS

const EVERY_MS = 500
const MOST_OBJECTS = 200
/** Some deletions shall happen that nobody was told of. */
const UNSEEN_MS = 2_000
const RESTART_MS = 60_000

/** Each begins at once, and is over when its promise resolves. */
const FAULTS = {
  reset: ({ proxy }: Plane) => {
    proxy.resetAll()
    return Promise.resolve()
  },
  blackHole: async ({ proxy }: Plane, { blackHoleMs }: Durations) => {
    proxy.swallow()
    await sleep(blackHoleMs)
    proxy.heal()
  },
  compaction: async ({ proxy, server }: Plane) => {
    proxy.refuse()
    await sleep(UNSEEN_MS)
    await server.compactEtcd()
    // Its cache of recent events would still serve the old version.
    await server.restartApiServer()
    proxy.heal()
  },
  throttled: async (plane: Plane, { throttledMs }: Durations) => {
    const end = await refuseAll(plane)
    await sleep(throttledMs)
    await end()
  },
  restart: ({ server }: Plane) => server.restartApiServer(),
} satisfies Record<string, (plane: Plane, durations: Durations) => Promise<void>>

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[]

export async function faults(stage: Stage): Promise<FaultsFigures> {
  const figures: Partial<Record<FaultName, FaultFigures>> = {}
  for (const name of stage.faults) {
    // A process of its own for each: pauses grow from fault to fault, and some never get over one.
    const process = await stage.settled(name, { proxied: true })
    figures[name] = await suffer(stage, process, name)
    await stage.clear()
  }
  await stage.settled('after-faults')
  insistOnWork(stage.plane)
  return figures
}

async function suffer(stage: Stage, process: Process, name: FaultName): Promise<FaultFigures> {
  const { plane, count, durations } = stage
  const seen = new Set((await plane.requestsOf(process.user)).map(({ auditID }) => auditID))
  let alive = true
  const dead = process.failed.catch(() => {
    alive = false
  })
  const fault = FAULTS[name](plane, durations)
  let restoredAt = Number.POSITIVE_INFINITY
  const over = fault.then(() => {
    restoredAt = performance.now()
    return Promise.race([sleep(durations.aftermathMs), dead])
  })
  const lastsMs = { blackHole: durations.blackHoleMs, throttled: durations.throttledMs }
  const faultMs = name in lastsMs ? lastsMs[name as keyof typeof lastsMs] : RESTART_MS
  const wounds = await wound(
    plane,
    {
      names: Array.from({ length: Math.min(count, MOST_OBJECTS) }, (_, index) => nameOf(index)),
      everyMs: EVERY_MS,
      deadlineMs: faultMs + durations.aftermathMs + durations.patienceMs,
    },
    over,
  )
  const requests = (await plane.requestsOf(process.user)).filter(({ auditID }) => !seen.has(auditID))
  return {
    blindSeconds: blindSecondsOf(wounds, restoredAt) ?? null,
    alive,
    deletions: wounds.length,
    duplicates: duplicatesOf(wounds, requests),
    throttled: requests.filter(({ responseStatus }) => responseStatus?.code === 429).length,
  }
}

/** An object's status does not change here: whoever writes one writes it twice. */
export function duplicatesOf(wounds: readonly Wound[], requests: readonly AuditEntry[]): number {
  const due = counted(wounds.map(({ child }) => child))
  const carriedOut = writesOf(requests).filter(({ responseStatus }) => isSuccess(responseStatus?.code))
  const written = counted(
    carriedOut.map(({ objectRef }) => `${objectRef?.resource ?? ''}/${objectRef?.name ?? ''}`),
  )
  const excess = [...written].map(([child, writes]) => Math.max(0, writes - (due.get(child) ?? 0)))
  return excess.reduce((sum, each) => sum + each, 0)
}

function counted(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

function isSuccess(code = 0): boolean {
  return code >= 200 && code < 300
}
