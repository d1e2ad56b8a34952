/** One HTTP request of which little is read: no redirect is followed, and whatever comes ends in time. */
import type { IncomingHttpHeaders } from 'node:http'
import type { LookupFunction } from 'node:net'
import { request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { boundedAgent } from './boundedAgent.ts'

export interface BoundedRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** PEM of a private authority. */
  readonly ca?: string | undefined
  /** The system's way by default. */
  readonly lookup: LookupFunction | undefined
  /** Of the whole answer. */
  readonly mostBytes: number
}

export interface BoundedAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Rejects when nothing came, too much, or too late. */
export async function boundedGet(
  { url, headers, ca, lookup, mostBytes }: BoundedRequest,
  signal: AbortSignal,
): Promise<BoundedAnswer> {
  const agent = boundedAgent(url, { ca, ...(lookup && { lookup }) }, { mostBytes })
  const request = url.startsWith('https:') ? overHttps : overHttp
  try {
    return await new Promise((resolve, reject) => {
      const asked = request(url, { agent, headers, signal }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
        })
        response.once('error', reject)
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
        })
      })
      asked.once('error', reject)
      asked.end()
    })
  } finally {
    agent.destroy()
  }
}
