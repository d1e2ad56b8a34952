/** How much waits in the queue, for who cannot wait for a server that hangs. */
import type { WakeupPublisher } from '../sending/sweep.ts'
import { setTimeout as sleep } from 'node:timers/promises'

/** The operator waits 5 s for all of the evidence. */
const PATIENCE_MS = 1_000

/** @returns undefined when it is not known, or not in time. Rejects never. */
export async function depthInTime(
  queue: Pick<WakeupPublisher, 'isConnected' | 'depth'>,
  patienceMs = PATIENCE_MS,
): Promise<number | undefined> {
  if (!queue.isConnected()) return undefined
  const answered = new AbortController()
  const late = sleep(patienceMs, undefined, { signal: answered.signal }).catch(() => undefined)
  try {
    return await Promise.race([queue.depth().catch(() => undefined), late])
  } finally {
    answered.abort()
  }
}
