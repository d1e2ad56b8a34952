import { describe, expect, it } from 'vitest'
import type { Fate } from '../../../../crds/probeReport.ts'
import type { Cell } from './probeCells.ts'
import type { RoleResult } from './probeVerdict.ts'
import { judgeRound } from './probeVerdict.ts'

const nats = { to: 'orders-nats-0', host: 'n0', listens: 'pod' } as const
const CELLS: readonly Cell[] = [
  { role: 'worker', ...nats, port: 4222, named: 4222, expect: 'open' },
  { role: 'worker', ...nats, port: 8222, named: 8222, expect: 'shut' },
  { role: 'worker', to: 'ch', host: 'ch', listens: 'reached', port: 8443, named: 8443, expect: 'open' },
  {
    role: 'worker',
    to: 'the metadata of the cloud',
    host: 'm',
    listens: 'never',
    port: 80,
    named: 80,
    expect: 'shut',
  },
  { role: 'stranger', ...nats, port: 4222, named: 4222, expect: 'shut' },
  { role: 'stranger', to: 'orders-worker', host: 'w', listens: 'pod', port: 80, named: 8080, expect: 'shut' },
]
const GOOD = { worker: ['open', 'shut', 'open', 'shut'], stranger: ['shut', 'shut'] } as const

function judge(
  results: Partial<Record<'worker' | 'stranger', readonly Fate[] | { fault: string }>> = {},
  answering = ['orders-worker', 'orders-nats-0'],
  others: readonly string[] = [],
) {
  const all = Object.entries({ ...GOOD, ...results }).map(
    ([role, result]) => [role as 'worker', 'fault' in result ? result : { fates: result }] as const,
  )
  return judgeRound({
    cells: CELLS,
    results: new Map<'worker', RoleResult>(all),
    answering: new Set(answering),
    others,
  })
}

describe('the verdict on a round', () => {
  it('proves with every connection that came about and every one that did not', () => {
    expect(judge()).toEqual({
      state: 'Proven',
      message:
        'as a worker, a pod that is none of ours 2 connections that must come about did, and 3 that must not did not',
    })
  })

  it('names the pair that must not connect and does, and whose policies are about it', () => {
    const { state, message } = judge({ stranger: ['open', 'shut'] }, [], ['hole'])
    expect(state).toBe('Failing')
    expect(message).toContain('a pod that is none of ours reaches orders-nats-0 on port 4222')
    expect(message).toContain('NetworkPolicies of others are about these pods: hole')
  })

  it('takes an answer of the metadata for a breach, and its silence for nothing', () => {
    const { state, message } = judge({ worker: ['open', 'shut', 'open', 'open'] })
    expect(state).toBe('Failing')
    expect(message).toContain('a worker reaches the metadata of the cloud on port 80')
  })

  it('names a pair that must connect and does not, although others get an answer', () => {
    const { state, message } = judge({ worker: ['shut', 'shut', 'open', 'shut'] })
    expect(state).toBe('Failing')
    expect(message).toContain('a worker does not reach orders-nats-0 on port 4222')
  })

  it.each<{ why: string; results: Parameters<typeof judge>[0]; answering?: string[]; says: string }>([
    {
      why: 'somebody outside does not answer anybody',
      results: { worker: ['open', 'shut', 'shut', 'shut'] },
      says: 'a worker does not reach ch on port 8443: it is down, or something stops it',
    },
    {
      why: 'a pod answers nobody',
      results: {},
      answering: [],
      says: 'orders-worker answers nobody, so its silence proves nothing',
    },
    {
      why: 'a name has no address',
      results: { stranger: ['unresolved', 'shut'] },
      says: 'a pod that is none of ours gets no address for n0 from DNS',
    },
    {
      why: 'a role could not try',
      results: { stranger: { fault: 'Job x cannot make a pod: exceeded quota' } },
      says: 'nothing was tried as a pod that is none of ours: Job x cannot make a pod: exceeded quota',
    },
  ])('knows nothing when $why', ({ results, answering, says }) => {
    expect(judge(results, answering)).toEqual({ state: 'Unknown', message: says })
  })

  it('does not take one port of a server for another one that is down', () => {
    const ch = { role: 'worker', to: 'ch', host: 'ch', listens: 'reached', expect: 'open' } as const
    const cells: readonly Cell[] = [8443, 9440].map((port) => ({ ...ch, port, named: port }))
    const results = new Map([['worker', { fates: ['open', 'shut'] }] as const])
    expect(judgeRound({ cells, results, answering: new Set(), others: [] })).toEqual({
      state: 'Unknown',
      message: 'a worker does not reach ch on port 9440: it is down, or something stops it',
    })
  })

  it('is bounded whatever it has to tell', () => {
    const cells = Array.from({ length: 60 }, (_, index): Cell => ({
      role: 'worker',
      to: `${'x'.repeat(200)}${index}`,
      host: 'h',
      port: index,
      named: index,
      expect: 'shut',
      listens: 'pod',
    }))
    const fates = cells.map((): Fate => 'open')
    const { message } = judgeRound({
      cells,
      results: new Map([['worker', { fates }]]),
      answering: new Set(),
      others: Array.from({ length: 50 }, () => 'y'.repeat(250)),
    })
    expect(message.length).toBeLessThanOrEqual(900)
    expect(message).toContain(' and 57 more, which none of our NetworkPolicies allows')
  })
})
