/**
 * Leadership by a Lease, with client-go's rules: a lease has expired when we have seen no renewal for its duration on
 * our own clock (clocks of others are not trusted), and every write carries the resource version.
 */
import type { KubernetesObject, Resource } from './object.ts'
import type { Log } from './controller.ts'
import type { Transport } from './transport.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { read } from './apply.ts'
import { messageOf } from './controller.ts'
import { microTime } from './events.ts'
import { isConflict } from './errors.ts'
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

type Lease = KubernetesObject & { readonly spec?: LeaseSpec }

export class LeaderElection {
  readonly #options: Required<LeaseOptions>
  #observed: { version: string; at: number } | undefined
  #lease: Lease | undefined

  constructor(options: LeaseOptions) {
    this.#options = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000, ...options }
  }

  /**
   * Waits for leadership, then runs `lead` with a signal that aborts when it is lost or `stop` aborts. The lease is
   * given back on a clean end, so that the next one need not wait for it to expire.
   * @throws Error when leadership was lost.
   */
  async run(stop: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    while (!(await this.#tryOnce())) {
      if (stop.aborted) return
      await this.#pause(stop)
      if (isAborted(stop)) return
    }
    this.#options.log.info({ identity: this.#options.identity }, 'leading')
    const term = new AbortController()
    const end = () => {
      term.abort(stop.reason)
    }
    stop.addEventListener('abort', end, { once: true })
    const renewal = this.#renew(term)
    try {
      await lead(term.signal)
    } finally {
      stop.removeEventListener('abort', end)
      const lost = term.signal.aborted && !isAborted(stop)
      term.abort()
      await renewal
      if (!lost) await this.#release()
    }
    if (!isAborted(stop)) throw new Error('leadership was lost')
  }

  async #renew(term: AbortController): Promise<void> {
    let renewedAt = performance.now()
    while (!term.signal.aborted) {
      await this.#pause(term.signal)
      if (isAborted(term.signal)) return
      if (await this.#tryOnce()) renewedAt = performance.now()
      else if (performance.now() - renewedAt > this.#options.renewDeadlineMs) {
        this.#options.log.error({ identity: this.#options.identity }, 'leadership lost')
        term.abort(new Error('leadership was lost'))
        return
      }
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    // Jitter keeps candidates from knocking together.
    await sleep(this.#options.retryMs * (1 + 0.2 * Math.random()), undefined, { signal }).catch(
      () => undefined,
    )
  }

  /** @returns whether we hold the lease now. */
  async #tryOnce(): Promise<boolean> {
    try {
      const lease = await this.#read()
      if (!lease) return await this.#create()
      if (this.#heldByOther(lease)) return false
      return await this.#update(lease)
    } catch (error) {
      if (!isConflict(error)) this.#options.log.warn({ error: messageOf(error) }, 'lease not renewed')
      return false
    }
  }

  async #read(): Promise<Lease | undefined> {
    const { transport, namespace, name, renewDeadlineMs } = this.#options
    const signal = AbortSignal.timeout(renewDeadlineMs)
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

  async #create(): Promise<boolean> {
    const { transport, namespace, name } = this.#options
    const { body } = await transport.request<Lease>({
      method: 'POST',
      path: pathOf(LEASE, namespace),
      body: { ...LEASE_TYPE, metadata: { name, namespace }, spec: this.#claim(undefined) },
      deadlineMs: this.#options.renewDeadlineMs,
    })
    this.#lease = body
    return true
  }

  async #update(lease: Lease): Promise<boolean> {
    this.#lease = await this.#put(lease, this.#claim(lease.spec))
    return true
  }

  async #put(lease: Lease, spec: LeaseSpec): Promise<Lease> {
    const { transport, namespace, name, renewDeadlineMs } = this.#options
    const { body } = await transport.request<Lease>({
      method: 'PUT',
      path: pathOf(LEASE, namespace, name),
      body: { ...lease, ...LEASE_TYPE, spec },
      deadlineMs: renewDeadlineMs,
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

  async #release(): Promise<void> {
    const lease = this.#lease
    if (!lease) return
    const now = microTime(new Date())
    await this.#put(lease, {
      ...lease.spec,
      holderIdentity: '',
      leaseDurationSeconds: 1,
      acquireTime: now,
      renewTime: now,
    }).catch((error: unknown) => {
      this.#options.log.warn({ error: messageOf(error) }, 'lease not given back')
    })
  }
}

const LEASE_TYPE = { apiVersion: LEASE.apiVersion, kind: LEASE.kind }

/** Asked through a function: the compiler would take the signal for unchanged since the last look. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
