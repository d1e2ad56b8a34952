/**
 * Leadership by a Lease, with client-go's rules: a lease has expired when we have seen no renewal for its duration on
 * our own clock (clocks of others are not trusted), and every write carries the resource version.
 */
import type { KubernetesObject, Resource } from './object.ts'
import type { Log } from './log.ts'
import type { Transport } from './transport.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { read } from './read.ts'
import { messageOf } from './log.ts'
import { microTime } from './events.ts'
import { ApiError, isConflict } from './errors.ts'
import { pathOf } from './object.ts'

const LEASE: Resource = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}

export interface LeaseOptions {
  readonly transport: Transport
  readonly namespace: string
  readonly name: string
  readonly identity: string
  readonly log: Log
  readonly durationMs?: number
  readonly renewDeadlineMs?: number
  readonly retryMs?: number
}

interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

/** A connection that swallows one try must leave time for another, over a new connection. */
const SHARE_OF_A_TRY = 0.4

type Lease = KubernetesObject & { readonly spec?: LeaseSpec }

export class LeaderElection {
  readonly #options: Required<LeaseOptions>
  #observed: { version: string; at: number } | undefined
  /** When the request was sent that made or kept us the leader. */
  #acquiredAt = 0
  /** The lease as we wrote it last: renewed without a look as long as nobody else has touched it. */
  #held: Lease | undefined

  constructor(options: LeaseOptions) {
    this.#options = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000, ...options }
  }

  /**
   * Waits for leadership, then runs `lead` with two signals: `term` aborts when there is no more to begin, because
   * `stop` aborted or leadership was lost; `lost` aborts when what is under way must end, too. The lease is renewed
   * until `lead` has ended and then given back, so that the next one need not wait for it to expire.
   * @throws Error when leadership was lost.
   */
  async run(stop: AbortSignal, lead: (term: AbortSignal, lost: AbortSignal) => Promise<void>): Promise<void> {
    this.#held = undefined
    while (!(await this.#tryOnce(this.#options.renewDeadlineMs, stop))) {
      if (stop.aborted) return
      await this.#pause(stop)
      if (isAborted(stop)) return
    }
    if (isAborted(stop)) return this.#release()
    this.#options.log.info({ identity: this.#options.identity }, 'leading')
    const [term, lost, over] = [new AbortController(), new AbortController(), new AbortController()]
    const end = () => {
      term.abort(stop.reason)
    }
    stop.addEventListener('abort', end, { once: true })
    const renewal = this.#renew(over.signal, () => {
      const loss = new Error('leadership was lost')
      lost.abort(loss)
      term.abort(loss)
    })
    try {
      await lead(term.signal, lost.signal)
    } finally {
      stop.removeEventListener('abort', end)
      over.abort()
      await renewal
      if (!lost.signal.aborted) await this.#release()
    }
    if (isAborted(lost.signal)) throw new Error('leadership was lost')
  }

  /** Counts from when a renewal was sent, so that we give up before anybody may take over. */
  async #renew(over: AbortSignal, onLost: () => void): Promise<void> {
    const { renewDeadlineMs, identity, log } = this.#options
    let triedAt = performance.now()
    let renewedAt = this.#acquiredAt
    for (;;) {
      await this.#pause(over, triedAt)
      if (over.aborted) return
      triedAt = performance.now()
      const leftMs = renewedAt + renewDeadlineMs - triedAt
      if (leftMs > 0 && (await this.#tryOnce(leftMs, over))) renewedAt = triedAt
      if (isAborted(over)) return
      if (performance.now() - renewedAt < renewDeadlineMs) continue
      log.error({ identity }, 'leadership lost')
      onLost()
      return
    }
  }

  /** @param since the last try began: one that took its time is followed by the next at once. */
  async #pause(signal: AbortSignal, since = performance.now()): Promise<void> {
    // Jitter keeps candidates from knocking together.
    const pauseMs = this.#options.retryMs * (1 + 0.2 * Math.random()) - (performance.now() - since)
    await sleep(Math.max(0, pauseMs), undefined, { signal }).catch(() => undefined)
  }

  /** @returns whether we hold the lease now; a try takes no longer than `leftMs`, and never all of the time. */
  async #tryOnce(leftMs: number, signal: AbortSignal): Promise<boolean> {
    const deadlineMs = Math.min(leftMs, this.#options.renewDeadlineMs * SHARE_OF_A_TRY)
    const startedAt = performance.now()
    const attempt = new AbortController()
    const cancel = () => {
      attempt.abort(signal.reason)
    }
    signal.addEventListener('abort', cancel, { once: true })
    const late = setTimeout(() => {
      attempt.abort(new Error(`no answer within ${Math.round(deadlineMs)} ms`))
    }, deadlineMs)
    try {
      const isHeld = await this.#claimOnce(attempt.signal)
      if (isHeld) this.#acquiredAt = startedAt
      return isHeld
    } catch (error) {
      if (!isConflict(error) && !signal.aborted)
        this.#options.log.warn({ error: messageOf(error) }, 'lease not renewed')
      return false
    } finally {
      clearTimeout(late)
      signal.removeEventListener('abort', cancel)
    }
  }

  async #claimOnce(signal: AbortSignal): Promise<boolean> {
    if (await this.#renewHeld(signal)) return true
    const lease = await this.#read(signal)
    if (lease && this.#heldByOther(lease)) return false
    this.#held = await (lease ? this.#put(lease, this.#claim(lease.spec), signal) : this.#create(signal))
    return true
  }

  /** @returns false when we hold nothing that we know of, or somebody touched it. */
  async #renewHeld(signal: AbortSignal): Promise<boolean> {
    const held = this.#held
    this.#held = undefined
    if (!held || performance.now() - this.#acquiredAt >= this.#options.durationMs) return false
    try {
      this.#held = await this.#put(held, this.#claim(held.spec), signal)
      return true
    } catch (error) {
      if (isConflict(error) || (error instanceof ApiError && error.status === 404)) return false
      throw error
    }
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { transport, namespace, name } = this.#options
    const lease = (await read(transport, LEASE, namespace, name, signal)) as Lease | undefined
    const version = lease?.metadata.resourceVersion ?? ''
    if (this.#observed?.version !== version) this.#observed = { version, at: performance.now() }
    return lease
  }

  #heldByOther({ spec }: Lease): boolean {
    const { identity, durationMs } = this.#options
    const holder = spec?.holderIdentity ?? ''
    if (holder === '' || holder === identity) return false
    const lastsMs = (spec?.leaseDurationSeconds ?? durationMs / 1000) * 1000
    return performance.now() - (this.#observed?.at ?? 0) < lastsMs
  }

  async #create(signal: AbortSignal): Promise<Lease> {
    const { transport, namespace, name } = this.#options
    const { body } = await transport.request<Lease>({
      method: 'POST',
      path: pathOf(LEASE, namespace),
      body: { ...LEASE_TYPE, metadata: { name, namespace }, spec: this.#claim(undefined) },
      signal,
    })
    return body
  }

  async #put(lease: Lease, spec: LeaseSpec, signal: AbortSignal): Promise<Lease> {
    const { transport, namespace, name } = this.#options
    const { body } = await transport.request<Lease>({
      method: 'PUT',
      path: pathOf(LEASE, namespace, name),
      body: { ...lease, ...LEASE_TYPE, spec },
      signal,
    })
    return body
  }

  #claim(held: LeaseSpec | undefined): LeaseSpec {
    const { identity, durationMs } = this.#options
    const now = microTime(new Date())
    const ours = held?.holderIdentity === identity
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: ours ? (held.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (held?.leaseTransitions ?? 0) + (held && !ours ? 1 : 0),
    }
  }

  /** Reads first: the last renewal may have been carried out although its answer was lost. */
  async #release(): Promise<void> {
    const { identity, log, renewDeadlineMs } = this.#options
    const signal = AbortSignal.timeout(renewDeadlineMs)
    const now = microTime(new Date())
    const given = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now }
    try {
      const lease = await this.#read(signal)
      if (lease?.spec?.holderIdentity === identity)
        await this.#put(lease, { ...lease.spec, ...given }, signal)
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'lease not given back')
    }
  }
}

const LEASE_TYPE = { apiVersion: LEASE.apiVersion, kind: LEASE.kind }

/** Asked through a function: the compiler would take the signal for unchanged since the last look. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
