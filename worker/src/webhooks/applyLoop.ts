/** Gives what providers told its effect, soon after it was taken; one worker at a time does. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Applied, WebhookEffects } from './ports.ts'
import { reconnectMs } from '../domain/backoff.ts'

export interface ApplyOptions {
  readonly effects: WebhookEffects
  /** Whether this worker is the one. */
  readonly isMine: () => Promise<boolean>
  readonly everyMs: number
  readonly lot: number
  /** Nothing is asked of the database before. */
  readonly ready: Promise<unknown>
  readonly stopping: AbortSignal
  readonly onApplied: (applied: Applied) => void
  readonly onError: (error: unknown) => void
}

const FORGET_EVERY_MS = 600_000

/** Resolves when told to stop. */
export async function applyLoop(options: ApplyOptions): Promise<void> {
  const { stopping, everyMs, onError } = options
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping }).catch(() => undefined)
  let failures = 0
  let forgetAt = 0
  await options.ready
  while (!stopping.aborted) {
    try {
      if (await options.isMine()) {
        await applyAll(options)
        if (Date.now() >= forgetAt) {
          await options.effects.forget()
          forgetAt = Date.now() + FORGET_EVERY_MS
        }
      }
      failures = 0
      await pause(everyMs * (0.75 + Math.random() / 2))
    } catch (error) {
      failures += 1
      onError(error)
      await pause(reconnectMs(failures, Math.random()))
    }
  }
}

async function applyAll({ effects, lot, isMine, stopping, onApplied }: ApplyOptions): Promise<void> {
  for (let looked = lot; looked === lot && !stopping.aborted;) {
    const applied = await effects.apply(lot)
    looked = applied.looked
    if (looked > 0) onApplied(applied)
    if (looked === lot && !(await isMine())) return
  }
}
