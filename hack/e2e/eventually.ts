/** Waiting for a state in the cluster, never for a time. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until there is an answer. @throws Error naming what was waited for. */
export async function eventually<Result>(
  what: string,
  look: () => Promise<Result | undefined>,
  deadlineMs = 120_000,
  pauseMs = 300,
): Promise<Result> {
  const until = Date.now() + deadlineMs
  for (;;) {
    const result = await look()
    if (result !== undefined) return result
    if (Date.now() > until) throw new Error(`not seen in ${deadlineMs / 1000} s: ${what}`)
    await sleep(pauseMs)
  }
}
