/** Figures in the status: which backups there are, and what of them is kept and repaired. */
import type { Figures, IsMade } from '../component.ts'
import type { Snapshot } from '../snapshot.ts'
import { Job } from '../../vocabulary/kinds.ts'
import { backupHistory } from './history.ts'
import { repairJob } from './onDemand.ts'
import { nextKept } from './standing.ts'

export function backupFigures(snapshot: Snapshot, isMade: IsMade): Figures {
  const kept = nextKept(snapshot)
  const repair = repairJob(snapshot)
  const begun = repair && (repair.isThere || isMade(Job, repair.name)) ? repair.base : undefined
  const backup = {
    ...backupHistory(snapshot),
    ...(kept && { kept }),
    ...(begun !== undefined && { repaired: begun }),
  }
  return Object.keys(backup).length > 0 ? { backup } : {}
}
