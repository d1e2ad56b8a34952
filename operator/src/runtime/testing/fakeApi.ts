/** A stand-in for an API server behind a Transport: each watch is a script, each request an answer. */
import type { Call, Transport } from '../transport.ts'
import { ApiError } from '../errors.ts'

/** Keeps the connection open and sends nothing until the caller leaves. */
export const HANG = Symbol('hang')

/** Bytes to send, an error to fail with, or silence. */
export type Part = string | Error | typeof HANG

export interface WatchScript {
  /** Refuses to open when given. */
  readonly refuse?: ApiError
  /** Never answers, until the caller leaves. */
  readonly unanswered?: boolean
  readonly parts?: readonly Part[]
}

export interface FakeApi extends Transport {
  /** Queries of the watches opened so far. */
  readonly watches: readonly Readonly<Record<string, string>>[]
  readonly calls: Call[]
}

/** @param watches one script for each watch in turn; when they are used up, watches hang. */
export function fakeApi(
  watches: readonly WatchScript[],
  answer: (call: Call) => unknown = () => {
    throw new ApiError(404, undefined)
  },
): FakeApi {
  const opened: Readonly<Record<string, string>>[] = []
  const calls: Call[] = []
  return {
    watches: opened,
    calls,
    request(call) {
      calls.push(call)
      return Promise.resolve().then(() => ({ status: 200, body: answer(call) as never }))
    },
    stream(_path, query, signal) {
      const script = watches[opened.length] ?? { parts: [HANG] }
      opened.push(query)
      if (script.refuse) return Promise.reject(script.refuse)
      if (script.unanswered === true) return left(signal)
      return Promise.resolve(play(script.parts ?? [], signal))
    },
    close: () => undefined,
  }
}

async function* play(parts: readonly Part[], signal: AbortSignal): AsyncGenerator<Buffer> {
  for (const part of parts) {
    if (part instanceof Error) throw part
    if (part === HANG) await left(signal)
    else yield Buffer.from(part)
  }
}

/** Rejects when the caller leaves. */
export function left(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const leave = () => {
      reject(new Error('the connection was left'))
    }
    signal.addEventListener('abort', leave)
    if (signal.aborted) leave()
  })
}

/** One event of a watch, as the server would write it. */
export function event(type: string, name: string, version: number, more: object = {}): string {
  const metadata = { name, namespace: 'n', uid: `uid-of-${name}`, resourceVersion: String(version), ...more }
  return `${JSON.stringify({ type, object: { apiVersion: 'v1', kind: 'Thing', metadata } })}\n`
}

/** Ends the initial events of a streaming list. */
export function listEnd(version: number): string {
  const annotations = { 'k8s.io/initial-events-end': 'true' }
  return `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version), annotations } } })}\n`
}

export function bookmark(version: number): string {
  return `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } })}\n`
}

export function failure(code: number, reason: string): string {
  return `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code, reason, message: reason } })}\n`
}
