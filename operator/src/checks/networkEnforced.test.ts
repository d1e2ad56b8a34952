import { describe, expect, it } from 'vitest'
import type { ProbedPorts } from '../components/snapshot.ts'
import { NOW, sender, snapshot, SPEC } from '../testing/snapshots.ts'
import { networkEnforced } from './networkEnforced.ts'

const given = snapshot()

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

describe('networkEnforced', () => {
  it('does not take policies that exist for policies that are enforced', () => {
    expect(networkEnforced.prove(given).state).toBe('Unknown')
  })

  it('has nothing to prove where there are none', () => {
    const disabled = sender({ spec: { ...SPEC, network: { policies: 'Disabled' } } })
    expect(networkEnforced.prove(snapshot({ sender: disabled })).state).toBe('NotConfigured')
  })

  it('is proven by a connection that comes about beside one that does not', () => {
    expect(after({})).toEqual({
      state: 'Proven',
      message: 'orders-nats-0 answers the operator on port 4222 and not on 8222',
    })
  })

  it.each([
    { why: 'both come about', seen: { forbidden: true }, state: 'Failing' },
    { why: 'neither does: the pod may be down', seen: { allowed: false }, state: 'Unknown' },
    { why: 'only the wrong one does', seen: { allowed: false, forbidden: true }, state: 'Failing' },
  ])('is $state when $why', ({ seen, state }) => {
    expect(after(seen).state).toBe(state)
  })

  it('knows nothing any more when nobody has looked for long', () => {
    expect(after({}, new Date(NOW.getTime() - 100_000)).state).toBe('Unknown')
  })

  it('keeps what was proven until somebody has looked', () => {
    const check = { name: 'network-enforced', state: 'Proven', message: 'x', since: '2026-11-23T00:00:00Z' }
    const told = sender({ status: { checks: [check] } as never })
    expect(networkEnforced.prove(snapshot({ sender: told })).state).toBe('Proven')
  })
})
