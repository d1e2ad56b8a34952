import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../snapshot.ts'
import type { ProbeMemory } from './probeRound.ts'
import type { ProbedPorts, ProbeRun } from './seen.ts'
import { afterBeginning, begun, enforced, remembering, runsOf } from '../../testing/probing.ts'
import { NOW, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { networkPolicy } from './networkPolicy.ts'
import { probeMemory, rememberedProbes, roundLookMs } from './probeRound.ts'
import { subjectOf } from './probeSubject.ts'
import { probeJobs } from './probeJobs.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const at = (ms: number) => new Date(NOW.getTime() + ms)
const instant = (ms: number) => `${at(ms).toISOString().slice(0, 19)}Z`
const hole = { name: 'hole', podSelector: {}, print: '1' }

const first = enforced()
const round = afterBeginning(first)
/** One pass later, with whatever has become of the Jobs. */
const later = (ms: number, more: Partial<Snapshot> = {}, memory: ProbeMemory = round) =>
  enforced({ now: at(ms), sender: remembering(memory), ...more })
const good = (more?: Parameters<typeof runsOf>[2]) => ({
  probing: { runs: runsOf(first, round, more), others: [] },
})
/** Under way, with Jobs of this uid. */
const knowing = (uid: string): ProbeMemory => ({
  ...round,
  ...(round.round && { round: { ...round.round, jobs: round.round.jobs.map((job) => ({ ...job, uid })) } }),
})
const failing = (unproven: number): ProbeMemory => ({
  begunAt: instant(0),
  unproven,
  last: { of: subjectOf(first), at: instant(0), state: 'Unknown', message: 'x' },
})
/** The operator itself has seen this of a port. */
const knocked = (seen: Partial<ProbedPorts>, lookedAt = NOW): Snapshot => {
  const port = { name: 'x', allowedPort: 1, allowed: true, forbiddenPort: 2, forbidden: false, ...seen }
  return { ...first, evidence: { policyProbe: { lookedAt, seen: { ports: [port] } } } }
}
/** Jobs that are there, and say nothing. */
const silent = (more: Partial<ProbeRun> = {}) => ({
  probing: { runs: runsOf(first, round).map(({ name, uid }) => ({ name, uid, ...more })), others: [] },
})
const proven = rememberedProbes(later(10_000, good()), []).networkProbes ?? {}

describe('a round', () => {
  it('begins when the policies are there and the operator’s own knocks are good', () => {
    expect(begun(first)).toHaveLength(3)
    expect(round.begunAt).toBe(instant(0))
    expect(round.round?.jobs.map(({ role }) => role)).toEqual(['worker', 'nats', 'stranger'])
  })

  it.each<{ why: string; given: Snapshot }>([
    { why: 'a policy is missing', given: { ...first, children: new Map() } },
    { why: 'the operator has not knocked', given: { ...first, evidence: {} } },
    { why: 'the operator gets through where it must not', given: knocked({ forbidden: true }) },
    { why: 'the operator has not knocked lately', given: knocked({}, at(-100_000)) },
    { why: 'the operator gets no answer where it may', given: knocked({ allowed: false }) },
    { why: 'it is suspended', given: { ...first, sender: sender({ spec: { ...SPEC, suspend: true } }) } },
    { why: 'one is under way', given: later(1_000) },
    {
      why: 'the last one has just begun',
      given: later(20_000, { probing: { runs: [], others: [hole] } }, proven),
    },
    { why: 'the last one is of today', given: later(DAY_MS - MINUTE_MS, {}, proven) },
  ])('does not begin when $why', ({ given }) => {
    expect(begun(given)).toEqual([])
  })

  it('does not begin, and nothing is remembered, where policies are disabled', () => {
    const disabled = { ...SPEC, network: { policies: 'Disabled' as const } }
    const given = enforced({ sender: remembering(proven, { spec: disabled }) })
    expect(begun(given)).toEqual([])
    expect(rememberedProbes(given, [])).toEqual({})
  })

  it('is judged when every Job has reported, and its Jobs are removed once that stands in the status', () => {
    const half = { probing: { runs: runsOf(first, round).slice(0, 2), others: [] } }
    const missing = runsOf(first, round)[2]
    const waiting = {
      probing: {
        runs: [...half.probing.runs, { name: missing?.name ?? '', uid: missing?.uid ?? '' }],
        others: [],
      },
    }
    expect(probeMemory(later(10_000, waiting))).toEqual(round)
    expect(proven.last).toMatchObject({ state: 'Proven', of: subjectOf(first), at: instant(10_000) })
    expect(proven.round).toBeUndefined()
    const jobs = [...probeJobs(first, 'x').values()].map((job) => ({
      ...job,
      metadata: { ...job.metadata, uid: 'u' },
    }))
    const left = new Map(jobs.map((job) => [`Job/${job.metadata.name}`, job] as const))
    const removed = (given: Snapshot) =>
      networkPolicy.desired(given).filter((wish) => wish.type === 'absent' && wish.resource.kind === 'Job')
    expect(removed(later(11_000, { children: left }, proven))).toHaveLength(3)
    expect(removed(later(1_000, { children: left }, knowing('u')))).toEqual([])
    const others = new Map(
      jobs.map((job) => {
        const labels = { ...job.metadata.labels, 'app.kubernetes.io/component': 'backup' }
        return [`Job/${job.metadata.name}`, { ...job, metadata: { ...job.metadata, labels } }] as const
      }),
    )
    expect(removed(later(11_000, { children: others }, proven))).toEqual([])
  })

  it('names the pair that fails', () => {
    const breach = good(({ role, to, port }) =>
      role === 'worker' && to === 'orders-nats-0' && port === 8222 ? 'open' : undefined,
    )
    expect(probeMemory(later(10_000, breach)).last).toMatchObject({
      state: 'Failing',
      message: expect.stringContaining('a worker reaches orders-nats-0 on port 8222') as string,
    })
  })

  it('believes no Job but those that it made', () => {
    const forged = runsOf(first, round).map((run) => ({ ...run, uid: `other ${run.uid}` }))
    const memory = probeMemory(later(10_000, { probing: { runs: forged, others: [] } }))
    expect(memory.last).toMatchObject({
      state: 'Unknown',
      message: expect.stringContaining('was removed') as string,
    })
  })

  it('is given up in time, with what kept its pods from running', () => {
    const names = begun(first)
    const troubles = [
      ...names.map((name) => ({ component: 'worker', text: `pod ${name}-x is of somebody else` })),
      { component: 'probe', text: 'pod of-another-round-x cannot be pulled' },
      ...names.map((name) => ({ component: 'probe', text: `pod ${name}-x cannot be scheduled: no node` })),
    ]
    const given = { ...silent(), troubles }
    expect(probeMemory(later(MINUTE_MS, given)).round).toBeDefined()
    const { last } = probeMemory(later(4 * MINUTE_MS, given))
    expect(last).toMatchObject({
      state: 'Unknown',
      message: expect.stringContaining('cannot be scheduled: no node') as string,
    })
    expect(last?.message).not.toMatch(/somebody else|another-round/)
  })

  it('waits a moment for the report of a Job that has ended, and no longer', () => {
    const ended = silent({ endedAt: NOW })
    expect(probeMemory(later(9_000, ended)).round).toBeDefined()
    expect(probeMemory(later(11_000, ended)).last).toMatchObject({
      state: 'Unknown',
      message: expect.stringContaining('ended and left no report of its own program') as string,
    })
  })

  it('believes no report about fewer connections than were asked for', () => {
    const runs = runsOf(first, round).map((run) => ({ ...run, fates: run.fates?.slice(1) ?? [] }))
    expect(probeMemory(later(10_000, { probing: { runs, others: [] } })).last).toMatchObject({
      state: 'Unknown',
      message: expect.stringContaining('is not about what it was asked') as string,
    })
  })

  it('is counted while nothing is proven, and ends the count when it proves all', () => {
    const second = { ...round, unproven: 2 }
    expect(probeMemory(later(10_000, {}, second)).unproven).toBe(3)
    expect(probeMemory(later(10_000, good(), second))).not.toHaveProperty('unproven')
  })

  it('goes on when policies of others change meanwhile', () => {
    const { runs } = silent().probing
    expect(probeMemory(later(10_000, { probing: { runs, others: [hole] } })).round).toEqual(round.round)
  })

  it('is left as it is while the spec has faults', () => {
    const faulty = enforced({ now: at(10_000), sender: remembering(round, { specFaults: ['x'] }), ...good() })
    expect(rememberedProbes(faulty, []).networkProbes).toEqual(round)
  })

  it('is looked at again before its time is over, and once more when it was judged', () => {
    expect(roundLookMs(later(10_000, silent()))).toBe(10_000)
    expect(roundLookMs(later(178_000, silent()))).toBe(2_000)
    expect(roundLookMs(later(10_000, good()))).toBe(1_000)
  })

  it('tells of a Job that the server refused', () => {
    const [one, ...rest] = begun(first).map((name) => ({ name, uid: name }))
    const refused = { name: one?.name ?? '', fault: 'exceeded quota: count/jobs.batch' }
    const { networkProbes } = rememberedProbes(first, [refused, ...rest])
    const runs = runsOf(first, networkProbes ?? {})
    const { last } = probeMemory(later(10_000, { probing: { runs, others: [] } }, networkProbes))
    expect(last?.state).toBe('Unknown')
    expect(last?.message).toContain('exceeded quota')
  })

  it('is dropped when the spec asks for something else meanwhile', () => {
    const edited = remembering(round, { spec: { ...SPEC, network: { clients: [] } } })
    const given = enforced({ now: at(10_000), sender: edited, ...good() })
    expect(probeMemory(given).round).toBeUndefined()
    expect(probeMemory(given).last).toBeUndefined()
  })
})

describe('the next round', () => {
  it('comes after a day', () => {
    expect(begun(later(DAY_MS + 11_000, {}, proven))).toHaveLength(3)
    expect(roundLookMs(later(20_000, {}, proven))).toBe(DAY_MS - 10_000)
  })

  it('comes when a policy of somebody else selects one of the pods, and not for any other', () => {
    const with_ = (podSelector: object) =>
      begun(later(2 * MINUTE_MS, { probing: { runs: [], others: [{ ...hole, podSelector }] } }, proven))
    expect(with_({ matchLabels: { app: 'else' } })).toEqual([])
    expect(with_({ matchLabels: { 'app.kubernetes.io/component': 'worker' } })).toHaveLength(3)
    expect(with_({})).toHaveLength(3)
  })

  it('has names of its own', () => {
    expect(begun(later(DAY_MS + 11_000, {}, proven))).not.toEqual(begun(first))
  })

  it('comes ever later while nothing is proven, and at once when somebody asks', () => {
    expect(begun(later(9 * MINUTE_MS, {}, failing(1)))).toEqual([])
    expect(begun(later(11 * MINUTE_MS, {}, failing(1)))).toHaveLength(3)
    expect(begun(later(11 * MINUTE_MS, {}, failing(2)))).toEqual([])
    expect(begun(later(DAY_MS + MINUTE_MS, {}, failing(50)))).toHaveLength(3)
    const asked = remembering(failing(5), { requests: { reconcile: 'now' } })
    expect(begun(enforced({ now: at(2 * MINUTE_MS), sender: asked }))).toHaveLength(3)
  })

  it('comes for a request that was read when none could begin', () => {
    const early = remembering(failing(5), { requests: { reconcile: 'now' } })
    const noted = rememberedProbes(enforced({ now: at(10_000), sender: early }), []).networkProbes
    expect(noted?.askedAt).toBe(instant(10_000))
    const still = enforced({
      now: at(15_000),
      sender: remembering(noted ?? {}, { requests: { reconcile: 'now' } }),
    })
    expect(rememberedProbes(still, []).networkProbes).toEqual(noted)
    expect(begun(later(20_000, {}, noted))).toEqual([])
    const due = later(40_000, {}, noted)
    expect(begun(due)).toHaveLength(3)
    const makings = begun(due).map((name) => ({ name, uid: name }))
    expect(rememberedProbes(due, makings).networkProbes?.askedAt).toBeUndefined()
  })

  it('comes for a request that was read while one was under way that proved nothing', () => {
    const asking = { sender: remembering(round, { requests: { reconcile: 'now' } }), ...silent() }
    const noted = rememberedProbes(enforced({ now: at(10_000), ...asking }), []).networkProbes
    expect(noted).toEqual({ ...round, askedAt: instant(10_000) })
    const judging = later(40_000, silent({ endedAt: at(10_000) }), noted)
    expect(begun(judging)).toEqual([])
    const ended = rememberedProbes(judging, []).networkProbes
    expect(ended).toMatchObject({ askedAt: instant(10_000), last: { state: 'Unknown' } })
    expect(begun(later(50_000, {}, ended))).toHaveLength(3)
  })

  it('is not put off by an instant in the future', () => {
    const ahead: ProbeMemory = { ...proven, begunAt: instant(9 * DAY_MS) }
    const memory = proven.last ? { ...ahead, last: { ...proven.last, at: instant(9 * DAY_MS) } } : ahead
    expect(begun(later(0, {}, memory))).toHaveLength(3)
  })
})

describe('what is remembered', () => {
  it('is the same pass after pass', () => {
    const again = rememberedProbes(later(20_000, {}, proven), []).networkProbes
    expect(again).toEqual(proven)
  })

  it('says since when something else is to be tried', () => {
    const others = { probing: { runs: [], others: [hole] } }
    const noticed = rememberedProbes(later(30_000, others, proven), []).networkProbes
    expect(noticed?.changedAt).toBe(instant(30_000))
    const still = rememberedProbes(later(50_000, others, noticed), []).networkProbes
    expect(still?.changedAt).toBe(instant(30_000))
    expect(rememberedProbes(later(55_000, {}, still), []).networkProbes).toEqual(proven)
  })

  it('is what was found last, and how often nothing was, when the next round begins', () => {
    const others = { probing: { runs: [], others: [hole] } }
    const memory = { ...failing(2), changedAt: instant(30_000) }
    const due = later(2 * MINUTE_MS, others, memory)
    const makings = begun(due).map((name) => ({ name, uid: name }))
    const { last, unproven, changedAt } = memory
    expect(rememberedProbes(due, makings).networkProbes).toMatchObject({ last, unproven, changedAt })
  })

  it('is nothing for one that has nothing yet', () => {
    expect(rememberedProbes(snapshot(), [])).toEqual({})
  })
})
