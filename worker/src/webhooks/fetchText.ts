/** A small text from a server that is trusted only so far: in time, of bounded size, from where it was asked for. */

export interface FetchBounds {
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** @throws Error for anything but a complete answer 200 within the bounds; redirects are not followed. */
export async function fetchText(url: string, { timeoutMs, maxBytes }: FetchBounds): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel()
    throw new Error(`answered ${response.status}`)
  }
  const parts: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop early ends the connection.
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    bytes += part.byteLength
    if (bytes > maxBytes) throw new Error(`longer than ${maxBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
