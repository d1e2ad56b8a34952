/** Waiting for a state, never for a time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FIRST_PAUSE_MS, nextPauseMs } from '../../hack/servers/pauses.ts'

/** Asks until the answer satisfies; fails with the last one and `explain` after `patienceMs`. */
export async function until<Value>(
  ask: () => Promise<Value>,
  satisfies: (value: Value) => boolean,
  explain: () => string = () => '',
  patienceMs = 120_000,
): Promise<Value> {
  const deadline = Date.now() + patienceMs
  let last: unknown
  for (let pauseMs = FIRST_PAUSE_MS; Date.now() < deadline; pauseMs = nextPauseMs(pauseMs, 250)) {
    try {
      const value = await ask()
      if (satisfies(value)) return value
      last = value
    } catch (error) {
      last = error
    }
    await sleep(pauseMs)
  }
  const words = last instanceof Error ? last.message : JSON.stringify(last)
  throw new Error(`not in time, last: ${words}\n${explain()}`)
}

/** An answer may be there before the line that was logged first has come through the pipe. @returns how often it is there */
export async function logged(worker: { readonly log: () => string }, words: string): Promise<number> {
  const log = await until(
    () => Promise.resolve(worker.log()),
    (text) => text.includes(words),
  )
  return log.split(words).length - 1
}
