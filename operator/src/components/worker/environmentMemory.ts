/**
 * Which secrets workers were started with, one after the other. A container reads them when it starts: one that started
 * while a Secret was wrong keeps that, and its pod looks like all others when the Secret is put right. That a Secret went
 * somewhere and back is counted, and rolls the workers.
 */
import type { BatchSenderStatus } from '../../../../crds/schema/status.ts'
import type { Snapshot } from '../snapshot.ts'
import { templateHash } from '../parts/templateHash.ts'
import { secretFingerprints } from './environment.ts'

/** One that was longer ago counts as new: its pods are gone. */
const MOST_REMEMBERED = 16

/** What the status says of it after this pass. */
export function environmentMemory(snapshot: Snapshot): Pick<BatchSenderStatus, 'environment'> {
  const last = snapshot.sender.status.environment
  const of = present(snapshot)
  if (of === undefined || of === last?.of) return last ? { environment: last } : {}
  if (!last) return { environment: { of } }
  const { was = [] } = last
  const returns = (last.returns ?? 0) + (was.includes(of) ? 1 : 0)
  return {
    environment: {
      of,
      was: [...was.filter((one) => one !== of), last.of].slice(-MOST_REMEMBERED),
      ...(returns > 0 && { returns }),
    },
  }
}

/** `undefined` while not all of them are known. */
function present(snapshot: Snapshot): string | undefined {
  if (snapshot.sender.specFaults.length > 0) return undefined
  const fingerprints = secretFingerprints(snapshot)
  return Object.values(fingerprints).includes(undefined) ? undefined : templateHash(fingerprints)
}
