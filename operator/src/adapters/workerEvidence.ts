/** What a worker says of its PostgreSQL and of its credentials, at the port that is not for users: little is read, and it is not believed to be well formed. */
import type { LookupFunction } from 'node:net'
import type { WorkerSeen } from '../components/worker/seen.ts'
import { boundedGet } from './boundedRequest.ts'

export interface WorkerAddress {
  readonly host: string
  readonly port: number
}

const ANSWER_MS = 5_000
const MOST_BYTES = 16_384
/** A name or number of PostgreSQL's own, and nothing that would be at home elsewhere. */
const SETTING = /^[a-z0-9_]{1,32}$/

/** Never throws, follows no redirect, and tells none of the words that were answered. */
export async function lookAtWorker(
  { host, port }: WorkerAddress,
  lookup: LookupFunction | undefined,
  signal: AbortSignal,
): Promise<WorkerSeen> {
  try {
    const { status, text } = await boundedGet(
      { url: `http://${host}:${port}/evidence`, headers: {}, lookup, mostBytes: MOST_BYTES },
      AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    )
    if (status !== 200) return { reached: false }
    return { reached: true, ...settingsOf(JSON.parse(text)) }
  } catch {
    return { reached: false }
  }
}

const SETTINGS = {
  fsync: 'fsync',
  synchronousCommit: 'synchronous_commit',
  fullPageWrites: 'full_page_writes',
  unloggedTables: 'unlogged_tables',
} as const

function settingsOf(evidence: unknown): Omit<WorkerSeen & { readonly reached: true }, 'reached'> {
  const settings = field(field(evidence, 'postgres'), 'settings')
  const told = Object.entries(SETTINGS).map(([name, own]) => [name, settingOf(settings, own)] as const)
  return {
    ...Object.fromEntries(told.filter(([, value]) => value !== undefined)),
    ...(isRefused(field(evidence, 'provider')) && { providerRefuses: true }),
    ...(isRefused(field(evidence, 'features')) && { featuresRefuse: true }),
  }
}

const isRefused = (part: unknown): boolean => field(part, 'credentials') === 'refused'

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

function settingOf(settings: unknown, name: string): string | undefined {
  const value = field(settings, name)
  return typeof value === 'string' && SETTING.test(value) ? value : undefined
}
