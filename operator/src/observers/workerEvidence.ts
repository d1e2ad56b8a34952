/** Asks the workers what they see of PostgreSQL, which the operator itself never reaches. */
import type { Sender, WorkerSeen } from '../components/snapshot.ts'
import type { Observer } from './watchman.ts'

/** @param look at the workers of a BatchSender, one of whom answers; `undefined` where there are none. */
export function workerEvidence(
  look: (sender: Sender, signal: AbortSignal) => Promise<WorkerSeen> | undefined,
): Observer<'workerEvidence'> {
  return {
    name: 'workerEvidence',
    async look(sender, signal) {
      const seen = await look(sender, signal)
      return seen && { good: seen.reached, seen }
    },
  }
}
