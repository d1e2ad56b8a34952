/** A signal that also aborts when nothing came for too long: half-open connections give no other sign. */

export interface Watchdog {
  readonly signal: AbortSignal
  /** Why it aborted by itself, if it did. */
  fault(): Error | undefined
  feed(): void
  stop(): void
}

export function watchdog(signal: AbortSignal, inactivityMs: number): Watchdog {
  const controller = new AbortController()
  let fault: Error | undefined
  const bark = () => {
    fault = new Error(`nothing came over a watch for ${inactivityMs / 1000} s`)
    controller.abort(fault)
  }
  let timer = setTimeout(bark, inactivityMs)
  const cancel = () => {
    controller.abort(signal.reason)
  }
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  return {
    signal: controller.signal,
    fault: () => fault,
    feed() {
      clearTimeout(timer)
      timer = setTimeout(bark, inactivityMs)
    },
    stop() {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
    },
  }
}
