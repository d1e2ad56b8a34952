import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../components/snapshot.ts'
import type { ProbedPorts } from '../components/networkPolicy/seen.ts'
import type { ProbeMemory } from '../components/networkPolicy/probeRound.ts'
import { rememberedProbes } from '../components/networkPolicy/probeRound.ts'
import { afterBeginning, enforced, remembering, runsOf } from '../testing/probing.ts'
import { NOW, sender, snapshot, SPEC } from '../testing/snapshots.ts'
import { networkEnforced } from './networkEnforced.ts'

const first = enforced()
const round = afterBeginning(first)
const proven = (given: Snapshot = first): ProbeMemory => {
  const runs = runsOf(given, round)
  const ended = enforced({ sender: remembering(round), probing: { runs, others: [] } })
  return rememberedProbes(ended, []).networkProbes ?? {}
}
const given = enforced({ sender: remembering(proven()) })

function after(seen: Partial<ProbedPorts>, lookedAt = NOW) {
  const port = {
    name: 'orders-nats-0',
    allowedPort: 4222,
    allowed: true,
    forbiddenPort: 8222,
    forbidden: false,
    ...seen,
  }
  const policyProbe = { lookedAt, seen: { ports: [port] } }
  return networkEnforced.prove({ ...given, evidence: { ...given.evidence, policyProbe } })
}

/** Jobs are there, and nobody has reported. */
const trying = (more: Partial<Snapshot> = {}) => {
  const runs = runsOf(first, round).map(({ name, uid }) => ({ name, uid }))
  return enforced({ sender: remembering(round), probing: { runs, others: [] }, ...more })
}

const HOUR_MS = 3_600_000
const inHours = (hours: number, memory = proven(), more: Partial<Snapshot> = {}) =>
  networkEnforced.prove(
    enforced({ now: new Date(NOW.getTime() + hours * HOUR_MS), sender: remembering(memory), ...more }),
  )

describe('networkEnforced', () => {
  it('does not take policies that exist for policies that are enforced', () => {
    expect(networkEnforced.prove(snapshot({ sender: remembering(proven()) })).state).toBe('Unknown')
  })

  it('has nothing to prove where there are none', () => {
    const disabled = sender({ spec: { ...SPEC, network: { policies: 'Disabled' } } })
    expect(networkEnforced.prove(snapshot({ sender: disabled })).state).toBe('NotConfigured')
  })

  it('is proven by connections that come about beside those that do not, the operator’s and those of pods', () => {
    expect(after({})).toMatchObject({
      state: 'Proven',
      message:
        'orders-nats-0 answers the operator on port 4222 and not on 8222; at 2026-11-23T12:00:00Z as a worker, a NATS node, a pod that is none of ours 2 connections that must come about did, and 13 that must not did not',
    })
  })

  it('says after a start what it said before, word for word, until the operator has knocked', () => {
    const { message } = after({})
    const check = { name: 'network-enforced', state: 'Proven', message, since: '2026-11-23T00:00:00Z' }
    const { sender: who } = given
    const told = { ...who, status: { ...who.status, checks: [check] } } as typeof who
    const proof = networkEnforced.prove({ ...given, sender: told, evidence: {} })
    expect(proof).toMatchObject({ state: 'Proven', message })
  })

  it.each([
    { matchLabels: { 'statefulset.kubernetes.io/pod-name': 'orders-nats-0' } },
    { matchExpressions: [{ key: 'pod-template-hash', operator: 'Exists' }] },
  ])('is not proven while a policy selects pods by what no probe pod has: %o', (podSelector) => {
    const others = [{ name: 'sly', podSelector, print: '1' }]
    const proof = networkEnforced.prove({ ...given, probing: { ...given.probing, others } })
    expect(proof.state).toBe('Unknown')
    expect(proof.message).toMatch(/by labels that no probe pod can have \(sly\)/)
  })

  it('is proven beside a policy for pods of somebody else, whatever labels it names', () => {
    const podSelector = { matchLabels: { app: 'else', 'pod-template-hash': '1' } }
    const others = [{ name: 'else', podSelector, print: '1' }]
    expect(networkEnforced.prove({ ...given, probing: { ...given.probing, others } }).state).toBe('Proven')
  })

  it('is not proven by the operator alone', () => {
    expect(networkEnforced.prove(enforced())).toMatchObject({
      state: 'Unknown',
      message: 'no probe pods have tried connections yet',
    })
    expect(networkEnforced.prove(trying())).toMatchObject({
      state: 'Unknown',
      message: 'probe pods are trying connections',
    })
  })

  it('is proven by pods alone where the operator has nowhere to knock', () => {
    const spec = {
      ...SPEC,
      nats: { external: { servers: ['tls://nats.example.com:4222'] } },
      worker: { ...SPEC.worker, replicas: 0 },
    }
    const begin = enforced({ sender: sender({ spec }) })
    const memory = afterBeginning({ ...begin, evidence: {} })
    const runs = runsOf(begin, memory)
    const ended = {
      ...begin,
      sender: remembering(memory, { spec }),
      probing: { runs, others: [] },
      evidence: {},
    }
    expect(networkEnforced.prove(ended).state).toBe('Proven')
  })

  it.each([
    { why: 'both come about', seen: { forbidden: true }, state: 'Failing' },
    { why: 'neither does: the pod may be down', seen: { allowed: false }, state: 'Unknown' },
    { why: 'only the wrong one does', seen: { allowed: false, forbidden: true }, state: 'Failing' },
  ])('is $state when $why', ({ seen, state }) => {
    expect(after(seen).state).toBe(state)
  })

  it('tells what a round found, whatever the operator sees', () => {
    const last = {
      of: 'x',
      at: '2026-11-23T11:00:00Z',
      state: 'Failing',
      message: 'a worker reaches x',
    } as const
    expect(inHours(0, { last })).toMatchObject({
      state: 'Failing',
      message: 'a worker reaches x (tried at 2026-11-23T11:00:00Z)',
    })
    const blind = enforced({ sender: remembering({ last }) })
    expect(networkEnforced.prove({ ...blind, evidence: {} }).state).toBe('Failing')
  })

  it('knows nothing any more when nobody has looked for long', () => {
    expect(after({}, new Date(NOW.getTime() - 100_000)).state).toBe('Unknown')
    expect(inHours(25).state).toBe('Proven')
    expect(inHours(27)).toMatchObject({
      state: 'Unknown',
      message: expect.stringContaining('since 2026-11-23') as string,
    })
    expect(inHours(-1).state).toBe('Unknown')
  })

  it('stands for a few minutes after a change, and no longer', () => {
    const others = { probing: { runs: [], others: [{ name: 'hole', podSelector: {}, print: '1' }] } }
    const memory = { ...proven(), changedAt: '2026-11-23T12:00:00Z' }
    expect(inHours(0.05, memory, others).state).toBe('Proven')
    expect(inHours(0.1, memory, others)).toMatchObject({
      state: 'Unknown',
      message: expect.stringContaining('since policies changed at 2026-11-23T12:00:00Z') as string,
    })
  })

  it('says why pods cannot try', () => {
    const troubles = [{ component: 'probe', text: 'Job x cannot make a pod: exceeded quota' }]
    expect(networkEnforced.prove(trying({ troubles }))).toMatchObject({
      state: 'Unknown',
      message: 'probe pods are trying connections: Job x cannot make a pod: exceeded quota',
    })
  })

  it('keeps what was proven until somebody has looked', () => {
    const check = { name: 'network-enforced', state: 'Proven', message: 'x', since: '2026-11-23T00:00:00Z' }
    const told = remembering(proven(), { status: { checks: [check] } as never })
    expect(networkEnforced.prove(snapshot({ sender: told })).state).toBe('Proven')
  })
})
