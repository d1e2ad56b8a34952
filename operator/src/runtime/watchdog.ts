/** A signal that also aborts when nothing came for too long: half-open connections give no other sign. */

export interface Limits {
  /** Until the first sign of life, which is the answer to the request. */
  readonly openingMs: number
  readonly inactivityMs: number
}

export interface Watchdog {
  readonly signal: AbortSignal
  /** Why it aborted by itself, if it did. */
  fault(): Error | undefined
  feed(): void
  stop(): void
}

export function watchdog(signal: AbortSignal, { openingMs, inactivityMs }: Limits): Watchdog {
  const controller = new AbortController()
  let fault: Error | undefined
  const bark = (message: string) => {
    fault = new Error(message)
    controller.abort(fault)
  }
  let timer = setTimeout(bark, openingMs, `a watch was not answered within ${openingMs / 1000} s`)
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
      timer = setTimeout(bark, inactivityMs, `nothing came over a watch for ${inactivityMs / 1000} s`)
    },
    stop() {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
    },
  }
}
