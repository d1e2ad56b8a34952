/** Full backups out of turn, one Job each, made once: for a new value of the annotation, and for a chain that is damaged. */
import type { Desired } from '../desired.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { BackupWish } from './wish.ts'
import { Job } from '../../vocabulary/kinds.ts'
import { childName } from '../parts/labels.ts'
import { openRequest } from '../parts/requests.ts'
import { templateHash } from '../parts/templateHash.ts'
import { lossOf } from '../parts/dataLoss.ts'
import { childOf } from '../snapshot.ts'
import { jobOnDemand } from './manifests.ts'
import { damageOf, type Damage } from './standing.ts'

/** The Job of a request that the status does not call handled; `undefined` when there is none. */
export function requestedJob(
  snapshot: Snapshot,
): { readonly name: string; readonly isThere: boolean } | undefined {
  const wanted = openRequest(snapshot.sender, 'backup')
  if (wanted === undefined) return undefined
  const name = requestedJobName(snapshot.sender, wanted)
  return { name, isThere: childOf(snapshot, Job, name) !== undefined }
}

/** @param wanted the value of the annotation */
export function requestedJobName(sender: Pick<Sender, 'name'>, wanted: string): string {
  return childName(sender, `backup-${templateHash({ wanted }).slice(0, 8)}`)
}

/** The Job for a damaged chain that the status does not call repaired. */
export function repairJob(
  snapshot: Snapshot,
): { readonly name: string; readonly base: string; readonly isThere: boolean } | undefined {
  const damage = damageOf(snapshot)
  const { repaired } = snapshot.sender.status.evidence?.backup ?? {}
  if (!damage || damage.base === repaired || lossOf(snapshot) !== undefined) return undefined
  const name = repairJobName(snapshot.sender, damage)
  return { name, base: damage.base, isThere: childOf(snapshot, Job, name) !== undefined }
}

/** One for each damage. */
export function repairJobName(sender: Snapshot['sender'], { base }: Damage): string {
  return childName(sender, `backup-${templateHash({ repairs: base }).slice(0, 8)}`)
}

/** What is there is not applied again: a spec that was edited meanwhile cannot change a Job. */
export function onDemand(snapshot: Snapshot, wish: BackupWish): readonly Desired[] {
  return [requestedJob(snapshot), repairJob(snapshot)].flatMap((job) =>
    !job || job.isThere
      ? []
      : [{ type: 'object' as const, resource: Job, object: jobOnDemand(snapshot, wish, job.name) }],
  )
}
