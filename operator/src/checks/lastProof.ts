/** What was said of a check last: after a start nothing has been looked at, and until then it stands. */
import type { CheckName } from '../../../crds/schema/checks.ts'
import type { Proof } from './check.ts'
import type { Sender } from '../components/snapshot.ts'

export function lastProof({ status }: Sender, check: CheckName): Proof | undefined {
  const last = status.checks?.find(({ name }) => name === check)
  return last && last.state !== 'Waived' ? { state: last.state, message: last.message } : undefined
}
