/**
 * Which of several installations looks after a BatchSender. Two that both did would undo each other's work without an
 * end, under the same field manager. The status names one by its namespace; another stands back while that one is at
 * work, and says so.
 */
import type { SenderEvent } from './effects/effect.ts'
import type { Ports } from './ports.ts'
import type { Sender } from '../components/snapshot.ts'
import { ANNOTATIONS } from '../../../crds/schema/conditions.ts'

/** @returns the event that tells of it; `undefined` when the object is ours to look after. */
export async function keptByAnother(
  sender: Sender,
  { installation, presence }: Pick<Ports, 'installation' | 'presence'>,
  signal: AbortSignal,
): Promise<SenderEvent | undefined> {
  const mine = installation.operatorNamespace
  const { assignedTo } = sender
  if (assignedTo !== undefined) return assignedTo === mine ? undefined : standBack(mine, assignedTo)
  const keeper = sender.status.operator
  if (keeper === undefined || keeper === mine) return undefined
  return (await presence(keeper, signal)) === 'gone' ? undefined : standBack(mine, keeper)
}

function standBack(mine: string, keeper: string): SenderEvent {
  return {
    type: 'Warning',
    reason: 'KeptByAnother',
    message: `the operator in namespace ${keeper} looks after this object, so the one in ${mine} stands back; annotate it with ${ANNOTATIONS.operator}=${mine} to change that`,
  }
}
