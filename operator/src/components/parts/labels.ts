/** Names and labels of children. */
import type { Sender } from '../snapshot.ts'

export const MANAGED_BY = 'app.kubernetes.io/managed-by'
export const INSTANCE = 'app.kubernetes.io/instance'
export const COMPONENT = 'app.kubernetes.io/component'
export const PART_OF = 'app.kubernetes.io/part-of'
export const RETAINED_FOR = 'batchsender.io/retained-for'
export const TEMPLATE_HASH = 'batchsender.io/template-hash'

export const OPERATOR = 'batchsender-operator'

/** Selects every child of every BatchSender. */
export const CHILDREN_SELECTOR = `${MANAGED_BY}=${OPERATOR}`

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
