/**
 * What vegeta reads and what it writes, a line of JSON for each request.
 * Source: lib/targets.go and lib/results.go of github.com/tsenart/vegeta.
 */
import type { Calls } from './scenarios/scenario.ts'

/** What became of a request. */
export interface Result {
  readonly kind: string
  /** Requests are counted from 0 in the order in which they began. */
  readonly seq: number
  /** When it began, in milliseconds since 1970. */
  readonly at: number
  /** From then to the end of the answer, in milliseconds. */
  readonly ms: number
  /** Of the answer; 0 when there was none. */
  readonly status: number
  /** Why there was none; of an answer its status in words. */
  readonly error: string
}

const NO_MORE = 'no targets to attack'

/**
 * Each line is made when it is asked for, so that a signature is as old as what waits in the pipe. The kind goes along as
 * the fragment of the URL: vegeta keeps that in the result, and nobody sends a fragment. (Its sequence numbers do not
 * tell which line a result belongs to: two that are under way may read their lines the other way round.)
 */
export function* targetLines(
  origin: string,
  calls: Calls,
  count: number,
  clock = () => new Date(),
): Generator<string> {
  for (let index = 0; index < count; index += 1) {
    const { kind, path, headers, body } = calls(index, clock())
    const header = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
    const url = `${origin}${path}#${kind}`
    yield `${JSON.stringify({ method: 'POST', url, header, body: Buffer.from(body).toString('base64') })}\n`
  }
}

/**
 * @returns undefined for a result without a request: the lines had come to their end.
 * @throws Error when vegeta could not read a line.
 */
export function resultOf(line: string): Result | undefined {
  const { seq, timestamp, latency, code, error, url } = JSON.parse(line) as {
    readonly seq: number
    readonly timestamp: string
    /** In nanoseconds. */
    readonly latency: number
    readonly code: number
    readonly error: string
    readonly url: string
  }
  if (url === '') {
    if (error === NO_MORE) return undefined
    throw new Error(`vegeta could not read a request: ${error}`)
  }
  const kind = url.slice(url.lastIndexOf('#') + 1)
  return { kind, seq, at: Date.parse(timestamp), ms: latency / 1e6, status: code, error }
}
