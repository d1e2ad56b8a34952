/**
 * What a worker says of its servers, its credentials and the work of all workers, at the port that is not for users: little
 * is read, and it is not believed to be well formed.
 */
import type { LookupFunction } from 'node:net'
import type { MailLimits } from '../../../crds/mailLimits.ts'
import type { WorkerReached, WorkerSeen } from '../components/worker/seen.ts'
import { boundedGet } from './boundedRequest.ts'
import { apiOf, auditOf, field, mailOf, webhooksOf } from './workerWork.ts'

export interface WorkerAddress {
  readonly host: string
  readonly port: number
  /** From when on mail of it does not flow as it should. */
  readonly limits: MailLimits
}

const ANSWER_MS = 5_000
const MOST_BYTES = 16_384
/** A name or number of PostgreSQL's own, and nothing that would be at home elsewhere. */
const SETTING = /^[a-z0-9_]{1,32}$/

/** Never throws, follows no redirect, and tells none of the words that were answered. */
export async function lookAtWorker(
  { host, port, limits }: WorkerAddress,
  lookup: LookupFunction | undefined,
  signal: AbortSignal,
): Promise<WorkerSeen> {
  try {
    const { status, text } = await boundedGet(
      { url: `http://${host}:${port}/evidence`, headers: {}, lookup, mostBytes: MOST_BYTES },
      AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    )
    if (status !== 200) return { reached: false }
    return { reached: true, ...toldIn(JSON.parse(text), limits, new Date()) }
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

function toldIn(evidence: unknown, limits: MailLimits, now: Date): Omit<WorkerReached, 'reached'> {
  const settings = field(field(evidence, 'postgres'), 'settings')
  const told = Object.entries(SETTINGS).map(([name, own]) => [name, settingOf(settings, own)] as const)
  return {
    ...Object.fromEntries(told.filter(([, value]) => value !== undefined)),
    ...(isRefused(field(evidence, 'provider')) && { providerRefuses: true }),
    ...(isRefused(field(evidence, 'features')) && { featuresRefuse: true }),
    ...present('postgresTls', tlsOf(field(evidence, 'postgres'))),
    ...present('mail', mailOf(evidence, limits)),
    ...present('api', apiOf(evidence)),
    ...present('audit', auditOf(evidence)),
    ...present('webhooks', webhooksOf(evidence, now)),
  }
}

const present = <Name extends keyof WorkerReached>(name: Name, value: WorkerReached[Name] | undefined) =>
  value === undefined ? {} : ({ [name]: value } as Pick<WorkerReached, Name>)

/** A worker of before tells of TLS, and not whether it verified a certificate. */
function tlsOf(postgres: unknown): WorkerReached['postgresTls'] {
  const tls = field(postgres, 'tls')
  if (typeof tls !== 'boolean') return undefined
  if (!tls) return 'none'
  const verified = field(postgres, 'verified')
  if (typeof verified !== 'boolean') return undefined
  return verified ? 'verified' : 'unverified'
}

const isRefused = (part: unknown): boolean => field(part, 'credentials') === 'refused'

function settingOf(settings: unknown, name: string): string | undefined {
  const value = field(settings, name)
  return typeof value === 'string' && SETTING.test(value) ? value : undefined
}
