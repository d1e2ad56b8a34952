/** Names and labels of children. */
import type { Sender } from '../snapshot.ts'
import { COMPONENT, INSTANCE, MANAGED_BY, OPERATOR, PART_OF, RETAINED_FOR } from '../../vocabulary/labels.ts'

/** `orders` and `worker` → `orders-worker`. */
export function childName(sender: Sender, part: string): string {
  return `${sender.name}-${part}`
}

/** What tells the pods of one component from all others. */
export function selectorLabels(sender: Sender, part: string): Readonly<Record<string, string>> {
  return { [INSTANCE]: sender.name, [COMPONENT]: part, [PART_OF]: 'batchsender' }
}

export function labels(sender: Sender, part: string): Readonly<Record<string, string>> {
  return { ...selectorLabels(sender, part), [MANAGED_BY]: OPERATOR }
}

/** Labels of what outlives its BatchSender: it must not look like a child, or a GitOps tool would prune it. */
export function retainedLabels(sender: Sender, part: string): Readonly<Record<string, string>> {
  return { [COMPONENT]: part, [PART_OF]: 'batchsender', [MANAGED_BY]: OPERATOR, [RETAINED_FOR]: sender.name }
}
