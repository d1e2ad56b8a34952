/** The worker's environment, parsed once: the settings that the operator renders, and what only tests turn. */
import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import type { Memory } from './http/bodyBudgets.ts'
import type { WorkerSettings } from '../../crds/workerSettings.ts'
import { parseWorkerSettings } from '../../crds/workerSettings.ts'

/** Not for users: nobody is better off with other values, but tests cannot wait as long. */
export interface Tuning {
  /** Mails under way with the provider at once. */
  readonly concurrency: number
  /** How long a claim is ours without being renewed. */
  readonly leaseMs: number
  readonly sweepEveryMs: number
  /** Failures of a chunk, for no outage, before it is put aside as a dead letter. */
  readonly deadAfter: number
  /** How long one read for a user of the API may take in PostgreSQL. */
  readonly readMs: number
  /** How long a claim may take in PostgreSQL: less than is waited for it. */
  readonly claimMs: number
  /** How long a worker that is not heard of is waited for after PostgreSQL was started. */
  readonly witnessMs: number
  /** A server of this machine that is asked instead of `https://sns.<region>.amazonaws.com`. */
  readonly snsOrigin: string | undefined
}

export interface Settings {
  readonly worker: WorkerSettings
  readonly tuning: Tuning
  readonly memory: Memory
}

const STANDARD = {
  CONCURRENCY: 50,
  LEASE_MS: 45_000,
  SWEEP_EVERY_MS: 2_000,
  DEAD_AFTER: 10,
  READ_MS: 5_000,
  CLAIM_MS: 20_000,
  WITNESS_MS: 20_000,
  /** Where no cgroup says how much there is. */
  MEMORY_BYTES: Number.MAX_SAFE_INTEGER,
} as const

/** @throws Error that names what is wrong, without its value. */
export function readSettings(): Settings {
  return {
    worker: parseWorkerSettings(process.env),
    tuning: {
      concurrency: tuned('CONCURRENCY'),
      leaseMs: tuned('LEASE_MS'),
      sweepEveryMs: tuned('SWEEP_EVERY_MS'),
      deadAfter: tuned('DEAD_AFTER'),
      readMs: tuned('READ_MS'),
      claimMs: tuned('CLAIM_MS'),
      witnessMs: tuned('WITNESS_MS'),
      snsOrigin: loopback('SNS_ORIGIN'),
    },
    memory: readMemory(),
  }
}

/** Without a limit Node tells of one that is larger than any machine, or of none. */
function readMemory(): Memory {
  const constrained = process.constrainedMemory()
  const limits = [totalmem(), tuned('MEMORY_BYTES'), ...(constrained > 0 ? [constrained] : [])]
  return { limitBytes: Math.min(...limits), heapBytes: getHeapStatistics().heap_size_limit }
}

function tuned(name: keyof typeof STANDARD): number {
  const text = process.env[name]
  if (text === undefined) return STANDARD[name]
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name}: must be a positive integer`)
  return value
}

function loopback(name: string): string | undefined {
  const text = process.env[name]
  if (text !== undefined && !/^http:\/\/127\.0\.0\.1:\d{1,5}$/.test(text)) {
    throw new Error(`${name}: must be of the loopback address`)
  }
  return text
}
