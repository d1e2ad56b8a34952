/** What waits while the provider is switched off: nothing is claimed, and the wake-up is kept. */
import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_EVERY_MS = 1_000

/** Resolves when it is on again, or when told to stop. */
export async function unpaused(isPaused: () => Promise<boolean>, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted && (await isPaused()))
    await sleep(LOOK_EVERY_MS, undefined, { signal: stopping }).catch(() => undefined)
}
