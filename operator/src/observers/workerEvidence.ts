/** Asks the workers what they see of servers that the operator itself never reaches. */
import type { Sender } from '../components/snapshot.ts'
import type { WorkerReached, WorkerSeen } from '../components/worker/seen.ts'
import type { Observer } from './watchman.ts'
import { Recent } from '../runtime/recent.ts'

/** How long others are looked for after the workers got other secrets: so long they take to start. */
const STARTING_MS = 60_000
/** More than there are BatchSenders whose workers start at once. */
const MOST_STARTING = 1_000

interface Started {
  readonly secrets: string
  readonly atMs: number
}

/** @param look at the workers of a BatchSender, one of whom answers; `undefined` where there are none. */
export function workerEvidence(
  look: (sender: Sender, signal: AbortSignal) => Promise<WorkerSeen> | undefined,
): Observer<'workerEvidence'> {
  const started = new Recent<string, Started>(MOST_STARTING)
  const areStarting = ({ uid, status: { environment } }: Sender): boolean => {
    const secrets = JSON.stringify(environment ?? {})
    const last = started.get(uid)
    if (last?.secrets === secrets) return performance.now() < last.atMs + STARTING_MS
    started.set(uid, { secrets, atMs: last ? performance.now() : -Infinity })
    return last !== undefined
  }
  return {
    name: 'workerEvidence',
    async look(sender, signal) {
      const areNew = areStarting(sender)
      const seen = await look(sender, signal)
      const underWay = areNew || (seen?.reached === true && mayTurn(seen))
      return seen && { good: seen.reached && !isRefused(seen), seen, underWay }
    },
  }
}

const isRefused = (seen: WorkerReached): boolean =>
  seen.providerRefuses === true || seen.featuresRefuse === true

/**
 * It may be over the next moment, or turn out to last. Such a look is believed at once: since when it is so is told, and
 * how long that may be is the condition's to judge.
 */
const mayTurn = ({ mail }: WorkerReached): boolean => mail?.closed !== undefined || mail?.refused === 'much'
