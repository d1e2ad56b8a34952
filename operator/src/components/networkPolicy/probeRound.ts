/**
 * Rounds of probes: when one is due, which Jobs it takes, and what is remembered of it. A Job is believed only while the
 * status names its uid, which nobody but the operator writes; any other is removed. Pure.
 */
import type { BatchSenderStatus } from '../../../../crds/schema/status.ts'
import type { Desired } from '../desired.ts'
import type { JobManifest } from '../parts/manifests.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { Role } from './probeCells.ts'
import type { RoleResult, RoundVerdict } from './probeVerdict.ts'
import { firstSentence } from '../../vocabulary/sentence.ts'
import { Job, NetworkPolicy } from '../../vocabulary/kinds.ts'
import { COMPONENT } from '../../vocabulary/labels.ts'
import { isStale } from '../parts/evidence.ts'
import { instantOf } from '../parts/instants.ts'
import { openRequest } from '../parts/requests.ts'
import { templateHash } from '../parts/templateHash.ts'
import { childOf } from '../snapshot.ts'
import { policiesEnabled } from './enabled.ts'
import { cellsOf, ROLES } from './probeCells.ts'
import { PROBE_PART, probeJobs, ROUND_DEADLINE_S } from './probeJobs.ts'
import { judgeRound } from './probeVerdict.ts'
import { policyProbes } from './probes.ts'
import { policies } from './policies.ts'
import { cellsPart, others, subjectOf } from './probeSubject.ts'

export type ProbeMemory = NonNullable<BatchSenderStatus['networkProbes']>
type Round = NonNullable<ProbeMemory['round']>

const DAY_MS = 86_400_000
/** Between the beginnings of two rounds, whatever changes. */
const LEAST_PAUSE_MS = 30_000
/** After a round that proved nothing; doubled with each one more. */
const FIRST_RETRY_MS = 600_000
/** Job and pod come through two watches: the report may be seen a moment after the end. */
const REPORT_LAG_MS = 10_000

/** What the status remembers, with what the Jobs of a round have come to meanwhile. */
export function probeMemory(snapshot: Snapshot): ProbeMemory {
  const { sender, now } = snapshot
  const of = subjectOf(snapshot)
  const memory = asked(noticed(sender.status.networkProbes ?? {}, of, now), sender, now)
  const { round, ...rest } = memory
  if (!round) return memory
  // Nobody asks any more what it tried.
  if (cellsPart(round.of) !== cellsPart(of)) return rest
  const verdict = verdictOf(snapshot, round)
  return verdict ? concluded(rest, round, verdict, of, now) : memory
}

function noticed(memory: ProbeMemory, of: string, now: Date): ProbeMemory {
  const { changedAt, ...rest } = memory
  if (!memory.last || memory.last.of === of) return rest
  return { ...rest, changedAt: changedAt ?? instantOf(now) }
}

/** A request is handled with the pass that reads it, and the round that it asks for may begin only later. */
function asked(memory: ProbeMemory, sender: Sender, now: Date): ProbeMemory {
  const isAsked = openRequest(sender, 'reconcile') !== undefined
  const isOpen = memory.round !== undefined || (memory.last && memory.last.state !== 'Proven')
  return isAsked && isOpen ? { ...memory, askedAt: memory.askedAt ?? instantOf(now) } : memory
}

function concluded(
  { unproven = 0, askedAt, ...rest }: ProbeMemory,
  round: Round,
  verdict: RoundVerdict,
  of: string,
  now: Date,
): ProbeMemory {
  const last = { of: round.of, at: instantOf(now), ...verdict }
  const more =
    verdict.state === 'Proven' ? {} : { unproven: unproven + 1, ...(askedAt !== undefined && { askedAt }) }
  return noticed({ ...rest, ...more, last }, of, now)
}

/** `undefined` while something is still to come. */
function verdictOf(snapshot: Snapshot, { jobs }: Round): RoundVerdict | undefined {
  const results = new Map<Role, RoleResult>()
  for (const job of jobs) {
    const result = resultOf(snapshot, job)
    if (!result) return undefined
    const role = ROLES.find((known) => known === job.role)
    if (role) results.set(role, result)
  }
  return judgeRound({
    cells: cellsOf(snapshot),
    results,
    answering: new Set(
      (snapshot.evidence.policyProbe?.seen.ports ?? []).flatMap(({ name, allowed }) =>
        allowed ? [name] : [],
      ),
    ),
    others: others(snapshot).map(({ name }) => name),
  })
}

function resultOf(
  snapshot: Snapshot,
  { role, name, uid, fault }: Round['jobs'][number],
): RoleResult | undefined {
  const { now, probing } = snapshot
  if (fault !== undefined) return { fault: `Job ${name}: ${fault}` }
  const run = probing.runs.find((one) => one.uid === uid)
  if (!run) return { fault: `Job ${name} was removed` }
  const asked = cellsOf(snapshot).filter((cell) => cell.role === role)
  if (run.fates)
    return run.fates.length === asked.length
      ? { fates: run.fates }
      : { fault: `the report of Job ${name} is not about what it was asked` }
  if (run.endedAt && now.getTime() - run.endedAt.getTime() > REPORT_LAG_MS)
    return { fault: troubleOf(snapshot, name) ?? `Job ${name} ended and left no report of its own program` }
  if (leftMs(snapshot) > 0) return undefined
  return { fault: troubleOf(snapshot, name) ?? `Job ${name} was not done in time` }
}

/** Pods are named after their Job. */
export function troubleOf({ troubles }: Pick<Snapshot, 'troubles'>, job: string): string | undefined {
  const found = troubles.find(({ component, text }) => component === PROBE_PART && text.includes(job))
  return found && firstSentence(found.text)
}

/** Until the round that is under way is given up. */
function leftMs({ sender, now }: Snapshot): number {
  return ageLeft(sender.status.networkProbes?.begunAt, ROUND_DEADLINE_S * 1_000, now)
}

/** Nothing where nothing was begun; what lies in the future is not believed. */
function ageLeft(since: string | undefined, forMs: number, now: Date): number {
  if (since === undefined) return 0
  const ageMs = now.getTime() - Date.parse(since)
  return ageMs < -REPORT_LAG_MS ? 0 : forMs - ageMs
}

/** When to look at rounds again although nothing may happen by then; `undefined`: not before something does. */
export function roundLookMs(snapshot: Snapshot): number | undefined {
  const recorded = snapshot.sender.status.networkProbes?.round
  const memory = probeMemory(snapshot)
  if (memory.round) return Math.max(1_000, Math.min(leftMs(snapshot), REPORT_LAG_MS))
  // What was concluded in this pass is acted upon in the next one.
  if (recorded) return 1_000
  const dueMs = dueInMs(snapshot, memory)
  return dueMs === undefined ? undefined : Math.max(1_000, dueMs)
}

/** @returns how long until the next round; `undefined` while none can begin. */
function dueInMs(snapshot: Snapshot, memory: ProbeMemory): number | undefined {
  if (memory.round || !canBegin(snapshot)) return undefined
  const { now } = snapshot
  const { last, begunAt, askedAt, unproven = 1 } = memory
  const pauseMs = ageLeft(begunAt, LEAST_PAUSE_MS, now)
  if (last?.of !== subjectOf(snapshot)) return pauseMs
  if (last.state === 'Proven') return Math.max(pauseMs, ageLeft(last.at, DAY_MS, now))
  const retryMs = Math.min(FIRST_RETRY_MS * 2 ** (unproven - 1), DAY_MS)
  return Math.max(pauseMs, askedAt === undefined ? ageLeft(last.at, retryMs, now) : 0)
}

/** Where the operator's own knocks fail already, pods have nothing to add. */
function canBegin(snapshot: Snapshot): boolean {
  const { sender, installation, evidence } = snapshot
  if (sender.spec.suspend === true || !policiesEnabled(sender)) return false
  if (policies(snapshot).some(({ metadata }) => !childOf(snapshot, NetworkPolicy, metadata.name)))
    return false
  if (policyProbes(sender, installation).length === 0) return true
  const sighting = evidence.policyProbe
  if (!sighting || isStale(sighting, snapshot)) return false
  return sighting.seen.ports.every(({ allowed, forbidden }) => allowed && forbidden !== true)
}

/** The Jobs that a pass begins a round with; none otherwise. */
function wanted(snapshot: Snapshot): ReadonlyMap<Role, JobManifest> {
  const dueMs = dueInMs(snapshot, probeMemory(snapshot))
  if (dueMs === undefined || dueMs > 0 || snapshot.sender.status.networkProbes?.round) return new Map()
  const round = templateHash({ of: subjectOf(snapshot), at: instantOf(snapshot.now) }).slice(0, 8)
  return probeJobs(snapshot, round)
}

/** The Jobs of a new round, and the end of those that no round knows. */
export function probeSteps(snapshot: Snapshot): readonly Desired[] {
  const known = new Set(snapshot.sender.status.networkProbes?.round?.jobs.map(({ uid }) => uid))
  const unknown = [...snapshot.children.values()].filter(
    ({ kind, metadata }) =>
      kind === Job.kind && metadata.labels?.[COMPONENT] === PROBE_PART && !known.has(metadata.uid),
  )
  return [
    ...unknown.map(
      ({ metadata: { name } }) =>
        ({ type: 'absent', resource: Job, name, reason: 'read, or of no round', aside: true }) as const,
    ),
    ...[...wanted(snapshot).values()].map(
      (object) => ({ type: 'object', resource: Job, object, aside: true }) as const,
    ),
  ]
}

/** What became of one Job that a pass wanted to make. */
export interface Making {
  readonly name: string
  /** Of the Job that was made by this very write. */
  readonly uid?: string
  readonly fault?: string
}

/** What the status says of rounds after a pass. */
export function rememberedProbes(
  snapshot: Snapshot,
  makings: readonly Making[],
): Pick<BatchSenderStatus, 'networkProbes'> {
  const { sender, now } = snapshot
  if (sender.specFaults.length > 0)
    return sender.status.networkProbes ? { networkProbes: sender.status.networkProbes } : {}
  if (!policiesEnabled(sender)) return {}
  const memory = probeMemory(snapshot)
  const begun = [...wanted(snapshot)].flatMap(
    ([
      role,
      {
        metadata: { name },
      },
    ]) => {
      const making = makings.find((one) => one.name === name)
      return making ? [{ role, name, ...madeOf(making) }] : []
    },
  )
  if (begun.length === 0) return Object.keys(memory).length === 0 ? {} : { networkProbes: memory }
  // What was asked for is this round.
  const { last, unproven, changedAt } = memory
  return {
    networkProbes: {
      ...(last && { last }),
      ...(unproven !== undefined && { unproven }),
      ...(changedAt !== undefined && { changedAt }),
      begunAt: instantOf(now),
      round: { of: subjectOf(snapshot), jobs: begun },
    },
  }
}

function madeOf({ uid, fault }: Making): { readonly uid: string } | { readonly fault: string } {
  return uid === undefined ? { fault: firstSentence(fault ?? 'could not be made') } : { uid }
}
