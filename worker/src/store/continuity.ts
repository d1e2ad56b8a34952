/**
 * Whether the server is still the one that knows what was claimed. After a failover, a restore or a crash it may have
 * come back without its last commits: nothing is claimed before every worker has compared what it remembers.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Claimed, Result } from '../sending/ports.ts'
import type { Database } from './database.ts'
import type { LostCommits } from './lostCommits.ts'
import type { ResultOptions } from './results.ts'
import { Journal } from './journal.ts'
import { doubtLost } from './lostCommits.ts'
import { giveUp, otherWitnesses, retire, serverOf, testify } from './witnesses.ts'

export interface ContinuityOptions extends Pick<ResultOptions, 'provider' | 'events'> {
  readonly worker: string
  /** How long a worker that is not heard of is waited for. */
  readonly witnessMs: number
  /** Nothing is looked at before. */
  readonly ready: Promise<unknown>
  readonly stopping: AbortSignal
  /** The server is another one, and this is what it had forgotten. */
  readonly onCompared: (lost: LostCommits) => void
  /** Workers that were there before and were waited for in vain: what they knew nobody knows. */
  readonly onMissing: (workers: readonly string[]) => void
  readonly onError: (error: unknown) => void
}

/** The server was started anew since it was looked at last: what is claimed now might be somebody's already. */
export class ServerChanged extends Error {
  /** cannot_connect_now (appendix A): not now, and nobody's fault. */
  readonly code = '57P03'
  constructor() {
    super('PostgreSQL was started anew')
  }
}

export interface Continuity {
  /** Waits until claims may be made. @returns of which server; undefined when told to stop */
  settled(): Promise<string | undefined>
  /** What was asked under this name was answered by another. */
  changed(server: string): void
  claimed(claimed: readonly Claimed[]): void
  recorded(results: readonly Result[]): void
  readonly finished: Promise<void>
}

const LOOK_EVERY_MS = 2_000
const WAIT_EVERY_MS = 250
/** How often others hear of us, within the time that they would wait. */
const HEARD_TIMES = 3
const MAY_HAVE_GONE: readonly string[] = ['accepted', 'ambiguous', 'mismatch']

async function othersLooked(
  database: Database,
  { worker, witnessMs, stopping, onMissing }: ContinuityOptions,
): Promise<void> {
  const untilMs = performance.now() + witnessMs
  while (!stopping.aborted) {
    const behind = (await otherWitnesses(database, worker)).filter(({ hasLooked }) => !hasLooked)
    if (behind.length === 0) return
    if (performance.now() >= untilMs) {
      const absent = await giveUp(
        database,
        behind.map((other) => other.worker),
      )
      // Somebody else may have given them up.
      if (absent.length > 0) onMissing(absent)
      return
    }
    await sleep(WAIT_EVERY_MS, undefined, { signal: stopping }).catch(() => undefined)
  }
}

const present = async (database: Database, worker: string): Promise<readonly string[]> =>
  (await otherWitnesses(database, worker)).filter(({ isThere }) => isThere).map((other) => other.worker)

/** @param database a connection that nothing slow uses */
export function openContinuity(database: Database, options: ContinuityOptions): Continuity {
  const { worker, witnessMs, stopping } = options
  const journal = new Journal()
  let server: string | undefined
  let others: readonly string[] = []
  let heardAtMs = -Infinity
  let waiting: (() => void)[] = []
  let nudge = new AbortController()

  const compare = async (current: string) => {
    options.onCompared(await doubtLost(database, journal.known(), options))
    await testify(database, worker, others, witnessMs)
    heardAtMs = performance.now()
    await othersLooked(database, options)
    others = await present(database, worker)
    // Another one may have taken its place meanwhile.
    if ((await serverOf(database)) !== current) return
    server = current
    for (const go of waiting) go()
    waiting = []
  }
  const beHeard = async () => {
    if (performance.now() < heardAtMs + witnessMs / HEARD_TIMES) return
    await testify(database, worker, [], witnessMs)
    others = await present(database, worker)
    heardAtMs = performance.now()
  }
  const look = async () => {
    const current = await serverOf(database)
    if (current !== server) server = undefined
    if (server === undefined) await compare(current)
    else await beHeard()
  }
  const run = async () => {
    await options.ready
    while (!stopping.aborted) {
      await look().catch(options.onError)
      const signal = AbortSignal.any([stopping, nudge.signal])
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
      nudge = new AbortController()
    }
    for (const go of waiting) go()
    await retire(database, worker).catch(() => undefined)
  }
  return {
    settled: async () => {
      if (server === undefined && !stopping.aborted)
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
        })
      return stopping.aborted ? undefined : server
    },
    changed: (of) => {
      if (server === of) server = undefined
      nudge.abort()
    },
    claimed: (claimed) => {
      journal.note(claimed, performance.now())
    },
    recorded: (results) => {
      for (const { retryClass, claimed } of results)
        if (!MAY_HAVE_GONE.includes(retryClass)) journal.forget(claimed)
    },
    finished: run(),
  }
}
