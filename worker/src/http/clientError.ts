/** The answer to what Node's parser refuses before it is a request: a problem document like any other. */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ProblemType } from './problem.ts'
import { Problem } from './problem.ts'

const TYPES: Readonly<Record<string, ProblemType>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'request-too-large',
}

/** @returns the whole answer; undefined when there is nobody to read it. */
export function answerOf(code: string, instance: string): string | undefined {
  if (code === 'ECONNRESET') return undefined
  const problem = new Problem(TYPES[code] ?? 'malformed-request')
  const body = JSON.stringify(problem.document(instance))
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${instance}`,
    'connection: close',
    '',
    body,
  ].join('\r\n')
}

/** Fastify's `clientErrorHandler`. */
export function tellClient(
  error: Error & { readonly code?: string },
  socket: Socket,
  log: (instance: string) => void,
): void {
  const instance = randomUUID()
  const answer = answerOf(error.code ?? '', instance)
  if (answer === undefined || !socket.writable) {
    socket.destroy()
    return
  }
  log(instance)
  socket.end(answer)
}
