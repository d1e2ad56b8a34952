/** Runs of CronJobs that do what they should: a full backup and an increment every ten minutes. */
import type { JobRun } from '../components/snapshot.ts'

const EVERY_MS = 600_000

export function backupRuns(now: Date): readonly JobRun[] {
  const endedAt = new Date(Math.floor(now.getTime() / EVERY_MS) * EVERY_MS)
  const completedAt = `${endedAt.toISOString().slice(0, 19)}Z`
  return (['full', 'incremental'] as const).map((kind) => ({
    name: `orders-backup-${kind}-1`,
    component: 'backup',
    state: 'complete',
    madeAt: endedAt,
    endedAt,
    reports: [
      {
        job: 'backup',
        backup: `${kind}-${completedAt.replaceAll(/[:TZ]/g, '-')}x`,
        kind,
        cutoff: completedAt,
        completedAt,
        ...{ sizeBytes: 1, rows: 1, partitions: 1, hash: '0123456789abcdef' },
      },
    ],
  }))
}
