/** The contents of the batches at work, read once each; few, since one may be as large as a request. */
import type { Content } from '../sending/ports.ts'

const KEPT = 8

/** Contents never change, so nothing expires; the one used longest ago makes room. */
export function contentCache(
  read: (batchId: string) => Promise<Content>,
): (batchId: string) => Promise<Content> {
  const kept = new Map<string, Promise<Content>>()
  return (batchId) => {
    const content = kept.get(batchId) ?? read(batchId)
    kept.delete(batchId)
    kept.set(batchId, content)
    content.catch(() => kept.delete(batchId))
    const [oldest] = kept.keys()
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest)
    return content
  }
}
