/** Batches that are opened first and get their recipients afterwards. */

/**
 * For rows of `batch`: it may get more recipients. A worker of version 8 fails and cancels without knowing of `filling`,
 * which counts for nothing then.
 */
export const IS_FILLED = `(batch.filling AND batch.error_class IS NULL
  AND batch.state IN ('open', 'accepted', 'running', 'paused'))`
