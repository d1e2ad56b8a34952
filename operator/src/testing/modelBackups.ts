/** Backups as they should be: a full one and an increment on it every ten minutes, and the increment was restored. */
import type { BackupsSeen } from '../components/backup/seen.ts'
import { backupName } from '../../../crds/backupName.ts'

const EVERY_MS = 600_000
const FIGURES = { rows: 1, partitions: 1, hash: '0123456789abcdef' }

export function backupsSeen(now: Date): BackupsSeen {
  const at = new Date(Math.floor(now.getTime() / EVERY_MS) * EVERY_MS)
  const full = backupName(at, '00000001')
  const increment = backupName(at, '00000002', full)
  const made = { cutoff: at, completedAt: at, sizeBytes: 1, ...FIGURES, witnessed: true }
  return {
    reached: true,
    made: [increment, full].map((name) => ({ name, ...made })),
    stored: [full, increment].sort(),
    checks: [{ name: increment, checkedAt: at, ...FIGURES, witnessed: true }],
  }
}
