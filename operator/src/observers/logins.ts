/** Logs in with what the Secrets of a BatchSender hold: nobody else tells soon that a password is wrong. */
import type { LoginsSeen, WantedLogins } from '../components/parts/logins.ts'
import type { Sender } from '../components/snapshot.ts'
import type { Observer } from './watchman.ts'

export interface LoginsLook {
  /** Nothing where no Secret is named. */
  readonly wanted: (sender: Sender) => WantedLogins | undefined
  readonly look: (namespace: string, wanted: WantedLogins, signal: AbortSignal) => Promise<LoginsSeen>
}

export function logins({ wanted, look }: LoginsLook): Observer<'logins'> {
  return {
    name: 'logins',
    async look(sender, signal) {
      const asked = wanted(sender)
      if (!asked) return undefined
      const seen = await look(sender.namespace, asked, signal)
      return { good: seen.refused.length === 0 && seen.unanswered.length === 0, seen }
    },
  }
}
