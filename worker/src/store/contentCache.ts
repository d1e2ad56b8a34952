/** The contents of the batches at work, read once each; few, since one may be as large as a request. */
import type { Content } from '../sending/ports.ts'
import { Recent } from '../runtime/recent.ts'

const KEPT = 8

/** Contents never change, so nothing expires; the one used longest ago makes room. */
export function contentCache(
  read: (batchId: string) => Promise<Content>,
): (batchId: string) => Promise<Content> {
  const kept = new Recent<Promise<Content>>(KEPT)
  return (batchId) => {
    const content = kept.use(batchId, () => read(batchId))
    content.catch(() => {
      kept.forget(batchId)
    })
    return content
  }
}
