/** Keys of Secrets. */
import type { ReferenceFacts } from '../snapshot.ts'

/** Whether the Secret is there and has the key. */
export function hasKey(facts: ReferenceFacts | undefined, key: string): boolean {
  return facts?.found === true && facts.keys.includes(key)
}
