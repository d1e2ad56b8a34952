/** Names and labels of children. */
import type { Sender } from '../snapshot.ts'
import {
  COMPONENT,
  INSTANCE,
  MANAGED_BY,
  OPERATOR,
  PART_OF,
  PROBE,
  PROBE_OF,
  PROBER,
  RETAINED_FOR,
} from '../../vocabulary/labels.ts'

/** `orders` and `worker` → `orders-worker`. */
export function childName(sender: Pick<Sender, 'name'>, part: string): string {
  return `${sender.name}-${part}`
}

/** What tells the pods of one component from all others, but not from those that probe in their name. */
export function selectorLabels(sender: Sender, part: string): Readonly<Record<string, string>> {
  return { [INSTANCE]: sender.name, [COMPONENT]: part, [PART_OF]: 'batchsender' }
}

/** Of every child, its pods too; what must not take a probe pod for one of them selects by these. */
export function labels(sender: Sender, part: string): Readonly<Record<string, string>> {
  return { ...selectorLabels(sender, part), [MANAGED_BY]: OPERATOR }
}

/** Of a probe pod: what NetworkPolicies know the component by, and nothing that leads clients to it. */
export function probeLabels(
  sender: Sender,
  role: string,
  worn: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return { ...worn, [MANAGED_BY]: PROBER, [PROBE]: role, [PROBE_OF]: sender.name }
}

/** Labels of what outlives its BatchSender: it must not look like a child, or a GitOps tool would prune it. */
export function retainedLabels(sender: Sender, part: string): Readonly<Record<string, string>> {
  return { [COMPONENT]: part, [PART_OF]: 'batchsender', [MANAGED_BY]: OPERATOR, [RETAINED_FOR]: sender.name }
}
