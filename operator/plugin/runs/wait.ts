/** Waits for a state, tells on the way what is seen, and gives up at a deadline. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Io } from '../cli/verb.ts'
import { Failure } from '../cli/failure.ts'

const LOOK_EVERY_MS = 1_000

export type Look<Value> =
  | { readonly done: true; readonly value: Value }
  /** @property progress told whenever it is another one */
  | { readonly done: false; readonly progress: string }

export interface Waiting {
  /** `the backup`, as the message of a missed deadline begins. */
  readonly what: string
  readonly timeoutMs: number
  readonly io: Io
  /** What whoever waited in vain may type. */
  readonly afterwards: string
}

/** @throws Failure at the deadline; whatever `look` throws */
export async function waitFor<Value>(
  { what, timeoutMs, io, afterwards }: Waiting,
  look: () => Promise<Look<Value>>,
): Promise<Value> {
  const until = io.now().getTime() + timeoutMs
  let told = ''
  for (;;) {
    const seen = await look()
    if (seen.done) return seen.value
    if (seen.progress !== told) io.err(`${clock(io.now())} ${seen.progress}\n`)
    told = seen.progress
    if (io.now().getTime() >= until)
      throw new Failure(
        `${what} was not done in ${timeoutMs / 1_000} s, and goes on by itself (last seen: ${told}): ${afterwards}`,
      )
    await sleep(LOOK_EVERY_MS, undefined, { signal: io.signal }).catch(() => undefined)
    if (io.signal.aborted) throw new Failure(`no longer waited for; ${what} goes on by itself: ${afterwards}`)
  }
}

const clock = (at: Date) => at.toISOString().slice(11, 19)
