/** A pause between two tries that ends early when there is reason to hope. */
import { setTimeout as sleep } from 'node:timers/promises'

export class Pause {
  #end: (() => void) | undefined

  /**
   * Never rejects; ends at once when the signal aborts.
   * @param askedMs what the server asked for; kept in full
   * @param ownMs what follows of our own accord
   */
  async wait(askedMs: number, ownMs: number, signal: AbortSignal): Promise<void> {
    if (askedMs > 0) await sleep(askedMs, undefined, { signal }).catch(() => undefined)
    const ended = new AbortController()
    const end = () => {
      ended.abort()
    }
    this.#end = end
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    await sleep(ownMs, undefined, { signal: ended.signal }).catch(() => undefined)
    signal.removeEventListener('abort', end)
    this.#end = undefined
  }

  /** Ends the part of our own accord. */
  cut(): void {
    this.#end?.()
  }
}
