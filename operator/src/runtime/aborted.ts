/** Resolves when a signal aborts, at once if it has. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      resolve()
    }
    signal.addEventListener('abort', settle, { once: true })
    if (signal.aborted) settle()
  })
}
