/** Looks at backups where they are: in the list of the server, in what it remembers, and at their destination. */
import type { Sender } from '../components/snapshot.ts'
import type { BackupsSeen } from '../components/backup/seen.ts'
import type { Observer } from './watchman.ts'

export interface BackupsLook<Target> {
  /** What to look at; nothing when no backup is asked for. */
  readonly target: (sender: Sender) => Target | undefined
  readonly look: (target: Target, signal: AbortSignal) => Promise<BackupsSeen>
}

export function backups<Target>({ target, look }: BackupsLook<Target>): Observer<'backups'> {
  return {
    name: 'backups',
    async look(sender, signal) {
      const wanted = target(sender)
      if (wanted === undefined) return undefined
      const seen = await look(wanted, signal)
      return { good: seen.reached, seen }
    },
  }
}
