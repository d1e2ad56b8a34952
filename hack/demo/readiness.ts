/** Waits for a BatchSender and shows on the way what it is waiting for. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { BatchSenderStatus, Condition } from '../../crds/schema/status.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { kubectl } from '../cluster/cluster.ts'

export interface Seen {
  readonly metadata: { readonly generation: number; readonly uid: string; readonly resourceVersion: string }
  readonly status: BatchSenderStatus
}

export async function readSender(cluster: Cluster, namespace: string, name: string): Promise<Seen> {
  return JSON.parse(
    await kubectl(cluster, ['-n', namespace, 'get', 'batchsender', name, '-o', 'json']),
  ) as Seen
}

export interface Patience {
  readonly deadlineMs?: number
  /** Is told what is waited for, once each time it changes. */
  readonly tell?: (line: string) => void
}

/** @throws Error with the last status message when time is up or a person must act. */
export function untilReady(
  cluster: Cluster,
  namespace: string,
  name: string,
  patience: Patience = {},
): Promise<Seen> {
  return untilSeenReady(name, () => readSender(cluster, namespace, name), patience)
}

/** @param read how it is read. @throws Error like `untilReady` */
export async function untilSeenReady(
  name: string,
  read: () => Promise<Seen>,
  { deadlineMs = 300_000, tell }: Patience = {},
): Promise<Seen> {
  const startedAt = Date.now()
  let told = ''
  for (;;) {
    const seen = await read()
    const line = readyLine(seen)
    if (line !== told) tell?.(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s  ${line}`)
    told = line
    if (isReady(seen)) return seen
    const stalled = conditionOf(seen, 'Stalled')
    if (stalled?.status === 'True') throw new Error(`${name} is stalled: ${stalled.message}`)
    if (Date.now() - startedAt > deadlineMs) throw new Error(`${name} did not become Ready: ${line}`)
    await sleep(500)
  }
}

export function conditionOf({ status }: Seen, type: string): Condition | undefined {
  return status.conditions?.find((condition) => condition.type === type)
}

/** Ready, and for the spec as it is now. */
export function isReady(seen: Seen): boolean {
  return (
    conditionOf(seen, 'Ready')?.status === 'True' &&
    seen.status.observedGeneration === seen.metadata.generation
  )
}

function readyLine(seen: Seen): string {
  const ready = conditionOf(seen, 'Ready')
  return ready ? `Ready=${ready.status}  ${ready.message}` : 'not seen by the operator yet'
}
