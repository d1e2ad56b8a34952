/** A failure of backups that was told, while they cannot be looked at or were not yet: nobody has seen it mended. */
import type { CheckName } from '../../../crds/schema/checks.ts'
import type { Proof } from './check.ts'
import type { Snapshot } from '../components/snapshot.ts'
import { areSeen } from '../components/backup/history.ts'
import { lastProof } from './lastProof.ts'

export function unseenFailure(snapshot: Snapshot, check: CheckName): Proof | undefined {
  if (areSeen(snapshot)) return undefined
  const last = lastProof(snapshot.sender, check)
  return last?.state === 'Failing' ? last : undefined
}
