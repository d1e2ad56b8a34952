/** Leadership on a real API server, with times shortened a hundredfold. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Transport } from '../../src/runtime/transport.ts'
import { startTcpProxy, type TcpProxy } from '../../../hack/servers/tcpProxy.ts'
import { LeaderElection } from '../../src/runtime/lease.ts'
import { writeStatus } from '../../src/runtime/statusWriter.ts'
import { Store } from '../../src/runtime/store.ts'
import { Harness, SILENT, until, WIDGET } from './harness.ts'

const LEASE = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
} as const

let harness: Harness
let proxy: TcpProxy
let behindProxy: Transport
let namespace: string

beforeAll(async () => {
  harness = await Harness.start()
  proxy = await startTcpProxy(Number(new URL(harness.plane.url).port))
  behindProxy = await harness.transportAs('candidate', `https://127.0.0.1:${proxy.port}`)
})
afterAll(async () => {
  await proxy.close()
  await harness.stop()
})
beforeEach(async () => {
  namespace = await harness.namespace()
})

interface Candidate {
  readonly stop: AbortController
  readonly ended: Promise<string>
  isLeading(): boolean
  term(): AbortSignal | undefined
}

/** Durations are whole seconds on the wire: two is the shortest that leaves room for a renewal. */
const SHORT = { durationMs: 2_000, renewDeadlineMs: 1_000 }
/** Never expires within a test: only a lease that is given back can be taken. */
const LONG = { durationMs: 3_600_000, renewDeadlineMs: 60_000 }

function candidate(identity: string, transport = harness.transport, times = SHORT): Candidate {
  const stop = new AbortController()
  let term: AbortSignal | undefined
  const election = new LeaderElection({
    transport,
    namespace,
    name: 'lease',
    identity,
    log: SILENT,
    ...times,
    retryMs: 100,
  })
  const lead = async (signal: AbortSignal) => {
    term = signal
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve()
      })
    })
  }
  const ended = election.run(stop.signal, lead).then(
    () => 'clean',
    (error: unknown) => String(error),
  )
  return { stop, ended, term: () => term, isLeading: () => term !== undefined && !term.aborted }
}

const holder = async () => (await harness.get(LEASE, namespace, 'lease'))['spec'] as Record<string, unknown>

describe('a lease', () => {
  it('has one holder, and goes over at once after a clean end', async () => {
    const [one, other] = [candidate('one', undefined, LONG), candidate('other', undefined, LONG)]
    await until('one of them leads', () => one.isLeading() || other.isLeading())
    const [leader, standby] = one.isLeading() ? [one, other] : [other, one]
    expect(standby.isLeading()).toBe(false)
    const before = await holder()
    await until('it was renewed', async () => (await holder())['renewTime'] !== before['renewTime'])
    expect(standby.isLeading()).toBe(false)

    leader.stop.abort()
    expect(await leader.ended).toBe('clean')
    expect((await holder())['holderIdentity']).not.toBe(before['holderIdentity'])
    await until('the other leads', () => standby.isLeading())
    expect((await holder())['leaseTransitions']).toBe(1)
    standby.stop.abort()
    expect(await standby.ended).toBe('clean')
  })

  it('is taken over only when it was not renewed for its duration', async () => {
    const leader = candidate('one', behindProxy)
    await until('it leads', () => leader.isLeading())
    const standby = candidate('other')
    proxy.refuse()
    const cutAt = performance.now()
    let overlap = false
    await until('the other leads', () => {
      overlap ||= leader.isLeading() && standby.isLeading()
      return standby.isLeading()
    })
    expect(overlap).toBe(false)
    expect(leader.term()?.aborted).toBe(true)
    expect(await leader.ended).toContain('leadership was lost')
    // A lower bound: nothing but the lease's own duration may let another in.
    expect(performance.now() - cutAt).toBeGreaterThan(1_000)
    proxy.heal()
    standby.stop.abort()
    await standby.ended
  })

  it('is given up in time over a connection that swallows everything', async () => {
    const leader = candidate('one', behindProxy)
    await until('it leads', () => leader.isLeading())
    const standby = candidate('other')
    proxy.swallow()
    let overlap = false
    await until('the other leads', () => {
      overlap ||= leader.isLeading() && standby.isLeading()
      return standby.isLeading()
    })
    expect(overlap).toBe(false)
    expect(await leader.ended).toContain('leadership was lost')
    proxy.heal()
    proxy.resetAll()
    standby.stop.abort()
    await standby.ended
  })

  it('that somebody else wrote over deposes the leader, whose status is refused from then on', async () => {
    const widget = await harness.widget(namespace)
    const leader = candidate('one')
    await until('it leads', () => leader.isLeading())
    // A successor on another machine, which has already written what it found.
    await until('the lease is taken', () =>
      harness
        .edit(LEASE, namespace, 'lease', {
          spec: {
            holderIdentity: 'other',
            leaseDurationSeconds: 3_600,
            renewTime: '2026-01-01T00:00:00.000000Z',
          },
        })
        .then(
          () => true,
          () => false,
        ),
    )
    const target = (manager: string) => ({
      transport: harness.transport,
      resource: WIDGET,
      store: new Store(),
      fieldManager: manager,
    })
    await writeStatus(target('status'), widget, { phase: 'Newer' })
    expect(await leader.ended).toContain('leadership was lost')
    await expect(writeStatus(target('status'), widget, { phase: 'Older' })).rejects.toMatchObject({
      status: 409,
    })
    expect((await holder())['holderIdentity']).toBe('other')
  })

  it('is not waited for by a candidate that is told to stop', async () => {
    const leader = candidate('one')
    await until('it leads', () => leader.isLeading())
    const standby = candidate('other')
    standby.stop.abort()
    expect(await standby.ended).toBe('clean')
    leader.stop.abort()
    await leader.ended
  })
})
