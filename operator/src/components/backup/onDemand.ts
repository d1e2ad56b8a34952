/** A full backup because somebody asked for one: one Job for each new value of the annotation, made once. */
import type { Desired } from '../desired.ts'
import type { Snapshot } from '../snapshot.ts'
import type { BackupWish } from './wish.ts'
import { Job } from '../../vocabulary/kinds.ts'
import { childName } from '../parts/labels.ts'
import { templateHash } from '../parts/templateHash.ts'
import { childOf } from '../snapshot.ts'
import { jobOnDemand } from './manifests.ts'

/** The Job of a request that the status does not call handled; `undefined` when there is none. */
export function requestedJob(
  snapshot: Snapshot,
): { readonly name: string; readonly isThere: boolean } | undefined {
  const { backupRequestedAt: wanted, status } = snapshot.sender
  if (wanted === undefined || wanted === status.lastHandledBackupRequest) return undefined
  const name = childName(snapshot.sender, `backup-${templateHash({ wanted }).slice(0, 8)}`)
  return { name, isThere: childOf(snapshot, Job, name) !== undefined }
}

/** What is there is not applied again: a spec that was edited meanwhile cannot change a Job. */
export function onDemand(snapshot: Snapshot, wish: BackupWish): readonly Desired[] {
  const job = requestedJob(snapshot)
  if (!job || job.isThere) return []
  return [{ type: 'object', resource: Job, object: jobOnDemand(snapshot, wish, job.name) }]
}
