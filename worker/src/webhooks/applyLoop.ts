/** Gives what providers told its effect, soon after it was taken; one worker at a time does. */
import type { Applied, WebhookEffects } from './ports.ts'
import { reconnectMs } from '../domain/backoff.ts'
import { repeat } from '../runtime/repeat.ts'

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
export function applyLoop(options: ApplyOptions): Promise<void> {
  const { everyMs, isMine, onError, ready, stopping } = options
  let forgetAt = 0
  const work = async () => {
    await applyAll(options)
    if (Date.now() < forgetAt) return
    await options.effects.forget()
    forgetAt = Date.now() + FORGET_EVERY_MS
  }
  return repeat({
    everyMs,
    jitter: [0.75, 1.25],
    isMine,
    work,
    onError,
    retryMs: reconnectMs,
    ready,
    stopping,
  }).finished
}

async function applyAll({ effects, lot, isMine, stopping, onApplied }: ApplyOptions): Promise<void> {
  for (let looked = lot; looked === lot && !stopping.aborted;) {
    const applied = await effects.apply(lot)
    looked = applied.looked
    if (looked > 0) onApplied(applied)
    if (looked === lot && !(await isMine())) return
  }
}
