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

const TYPES: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'])

function parse(line: string): WatchEvent {
  const event: unknown = JSON.parse(line)
  if (!isRecord(event) || !TYPES.has(event['type']) || !isRecord(event['object']))
    throw new Error('a watch event has no known type or no object')
  if (event['type'] !== 'ERROR' && !isVersioned(event['object']['metadata'], event['type'] !== 'BOOKMARK'))
    throw new Error('the object of a watch event has no name or no resource version')
  return event as unknown as WatchEvent
}

function isVersioned(metadata: unknown, isNamed: boolean): boolean {
  if (!isRecord(metadata) || typeof metadata['resourceVersion'] !== 'string') return false
  return !isNamed || typeof metadata['name'] === 'string'
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
