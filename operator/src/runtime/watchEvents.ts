/** Splits a watch's body into events: one JSON document a line. */
import type { KubernetesObject } from './object.ts'

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: KubernetesObject
}

const NEWLINE = 0x0a
/** Far above what the API server stores (etcd refuses objects over 1.5 MiB). */
const LONGEST_LINE_BYTES = 16 * 1_048_576

/** @throws Error on a line that is no JSON: what follows it cannot be trusted, so the watch begins anew. */
export async function* watchEvents(body: AsyncIterable<Buffer>): AsyncGenerator<WatchEvent> {
  let rest: Buffer[] = []
  let restBytes = 0
  for await (const chunk of body) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, at)]).toString('utf8')
      rest = []
      restBytes = 0
      from = at + 1
      if (line.trim() !== '') yield parse(line)
    }
    rest.push(chunk.subarray(from))
    restBytes += chunk.length - from
    if (restBytes > LONGEST_LINE_BYTES) throw new Error('a watch event is longer than any object can be')
  }
}

function parse(line: string): WatchEvent {
  const event: unknown = JSON.parse(line)
  if (typeof event !== 'object' || event === null || !('type' in event) || !('object' in event))
    throw new Error('a watch event has no type or no object')
  return event as WatchEvent
}
