/** What the workers told, for a proof that is made of it. */
import type { CheckName } from '../../../crds/schema/checks.ts'
import type { Proof } from './check.ts'
import type { Snapshot } from '../components/snapshot.ts'
import type { WorkerReached } from '../components/worker/seen.ts'
import { isStale } from '../components/parts/evidence.ts'
import { lastProof } from './lastProof.ts'

/** @param untold what is not known when no worker answers, in words */
export function askedWorkers(
  snapshot: Snapshot,
  check: CheckName,
  untold: string,
  judge: (seen: WorkerReached) => Proof,
): Proof {
  const sighting = snapshot.evidence.workerEvidence
  if (!sighting)
    return lastProof(snapshot.sender, check) ?? { state: 'Unknown', message: 'no worker was asked yet' }
  const { seen } = sighting
  return !seen.reached || isStale(sighting, snapshot) ? { state: 'Unknown', message: untold } : judge(seen)
}
