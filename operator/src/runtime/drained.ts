/** The end of what is under way. */
import { aborted } from './aborted.ts'

/**
 * Waits for work until it is told to stop, and then no longer than `giveUpMs` for what does not end when it is told to.
 * @throws what `work` throws
 */
export async function drained(work: Promise<unknown>, signal: AbortSignal, giveUpMs: number): Promise<void> {
  await Promise.race([work, aborted(signal)])
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, giveUpMs)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
