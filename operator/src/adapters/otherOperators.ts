/** Whether the operator of another installation is at work: what its lease says. */
import type { KubernetesObject } from '../runtime/object.ts'
import type { Transport } from '../runtime/transport.ts'
import { OPERATOR } from '../vocabulary/labels.ts'
import { Lease } from '../vocabulary/kinds.ts'
import { ApiError } from '../runtime/errors.ts'
import { Recent } from '../runtime/recent.ts'
import { read } from '../runtime/read.ts'

/** Four times as long as a lease lasts: clocks differ, and nothing is lost by waiting. */
const GONE_AFTER_MS = 60_000
const BELIEVED_MS = 15_000
const MOST_REMEMBERED = 1_000

/** `unknown`: its lease may not be read. */
export type Presence = 'atWork' | 'gone' | 'unknown'

type LeaseObject = KubernetesObject & {
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string }
}

export class OtherOperators {
  readonly #transport: Transport
  readonly #seen = new Recent<string, { readonly at: number; readonly presence: Presence }>(MOST_REMEMBERED)

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** @param namespace where the other one lives */
  async presence(namespace: string, signal: AbortSignal): Promise<Presence> {
    const last = this.#seen.get(namespace)
    const now = performance.now()
    if (last && now - last.at < BELIEVED_MS) return last.presence
    const presence = await this.#look(namespace, signal)
    this.#seen.set(namespace, { at: now, presence })
    return presence
  }

  async #look(namespace: string, signal: AbortSignal): Promise<Presence> {
    try {
      const lease = (await read(this.#transport, Lease, namespace, OPERATOR, signal)) as
        LeaseObject | undefined
      const { holderIdentity = '', renewTime = '' } = lease?.spec ?? {}
      if (holderIdentity === '') return 'gone'
      return Date.now() - new Date(renewTime).getTime() > GONE_AFTER_MS ? 'gone' : 'atWork'
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return 'unknown'
      throw error
    }
  }
}
