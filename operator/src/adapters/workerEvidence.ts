/** What a worker says of its PostgreSQL, at the port that is not for users: little is read, and it is not believed to be well formed. */
import type { LookupFunction } from 'node:net'
import { request, type RequestOptions } from 'node:http'
import type { WorkerSeen } from '../components/snapshot.ts'

export interface WorkerAddress {
  readonly host: string
  readonly port: number
}

const ANSWER_MS = 5_000
const MOST_BYTES = 65_536
/** A name or number of PostgreSQL's own, and nothing that would be at home elsewhere. */
const SETTING = /^[a-z0-9_]{1,32}$/

/** Never throws, follows no redirect, and tells none of the words that were answered. */
export async function lookAtWorker(
  { host, port }: WorkerAddress,
  lookup: LookupFunction | undefined,
  signal: AbortSignal,
): Promise<WorkerSeen> {
  try {
    const text = await read(
      { host, port, path: '/evidence', agent: false, ...(lookup && { lookup }) },
      AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    )
    return { reached: true, ...settingsOf(JSON.parse(text)) }
  } catch {
    return { reached: false }
  }
}

function read(options: RequestOptions, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, signal }, (response) => {
      if (response.statusCode !== 200) {
        response.destroy(new Error('not answered'))
        reject(new Error('not answered'))
        return
      }
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
        if (text.length > MOST_BYTES) response.destroy(new Error('too long'))
      })
      response.once('error', reject)
      response.once('end', () => {
        resolve(text)
      })
    })
    asked.once('error', reject)
    asked.end()
  })
}

function settingsOf(evidence: unknown): { readonly fsync?: string; readonly synchronousCommit?: string } {
  const settings = field(field(evidence, 'postgres'), 'settings')
  const fsync = settingOf(settings, 'fsync')
  const synchronousCommit = settingOf(settings, 'synchronous_commit')
  return {
    ...(fsync !== undefined && { fsync }),
    ...(synchronousCommit !== undefined && { synchronousCommit }),
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

function settingOf(settings: unknown, name: string): string | undefined {
  const value = field(settings, name)
  return typeof value === 'string' && SETTING.test(value) ? value : undefined
}
