import { describe, expect, it } from 'vitest'
import type { WorkerSeen } from '../components/worker/seen.ts'
import { NOW, sender, snapshot } from '../testing/snapshots.ts'
import { postgresDurable } from './postgresDurable.ts'

const given = snapshot()

function after(seen: WorkerSeen, lookedAt = NOW) {
  return postgresDurable.prove({
    ...given,
    evidence: { ...given.evidence, workerEvidence: { lookedAt, seen } },
  })
}

describe('postgresDurable', () => {
  it.each([
    { fsync: 'on', synchronousCommit: 'on', state: 'Proven' },
    { fsync: 'on', synchronousCommit: 'local', state: 'Proven' },
    { fsync: 'on', synchronousCommit: 'remote_apply', state: 'Proven' },
    { fsync: 'on', synchronousCommit: 'off', state: 'Failing' },
    { fsync: 'off', synchronousCommit: 'on', state: 'Failing' },
    { fsync: 'off', synchronousCommit: 'off', state: 'Failing' },
  ])('is $state with fsync $fsync and synchronous_commit $synchronousCommit', ({ state, ...settings }) => {
    expect(after({ reached: true, ...settings }).state).toBe(state)
  })

  it('tells every fault, and what is proven', () => {
    expect(after({ reached: true, fsync: 'off', synchronousCommit: 'off' }).message).toBe(
      'fsync is off: a crash of the machine loses anything; synchronous_commit is off: a crash loses the last results',
    )
    expect(after({ reached: true, fsync: 'on', synchronousCommit: 'on' }).message).toBe(
      'fsync is on, synchronous_commit is on',
    )
  })

  it.each([
    {
      more: { fullPageWrites: 'off' },
      message: 'full_page_writes is off: a crash of the machine may spoil what is stored',
    },
    { more: { unloggedTables: '2' }, message: '2 of the tables are UNLOGGED: a crash empties them' },
  ])('fails for $more beside good settings', ({ more, message }) => {
    const seen = { reached: true, fsync: 'on', synchronousCommit: 'on', ...more } as const
    expect(after(seen)).toEqual({ state: 'Failing', message })
  })

  const NOBODY = 'no worker tells how PostgreSQL is set up'
  const HIDDEN = 'the worker may not see fsync or synchronous_commit of PostgreSQL'

  it.each<{ why: string; seen: WorkerSeen; lookedAt?: Date; message: string }>([
    { why: 'nobody answers', seen: { reached: false }, message: NOBODY },
    { why: 'the user may not see them', seen: { reached: true }, message: HIDDEN },
    { why: 'only one is told', seen: { reached: true, fsync: 'on' }, message: HIDDEN },
    {
      why: 'nobody has looked for long',
      seen: { reached: true, fsync: 'on', synchronousCommit: 'on' },
      lookedAt: new Date(NOW.getTime() - 100_000),
      message: NOBODY,
    },
  ])('is unknown when $why, and says so', ({ seen, lookedAt, message }) => {
    expect(after(seen, lookedAt)).toEqual({ state: 'Unknown', message })
  })

  it('keeps what was proven until somebody has looked', () => {
    const check = { name: 'postgres-durable', state: 'Proven', message: 'x', since: '2026-11-23T00:00:00Z' }
    const told = sender({ status: { checks: [check] } as never })
    expect(postgresDurable.prove(snapshot({ sender: told })).state).toBe('Proven')
    expect(postgresDurable.prove(given).state).toBe('Unknown')
  })
})
