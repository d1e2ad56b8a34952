import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Call, Transport } from './transport.ts'
import { ApiError } from './errors.ts'
import { LeaderElection } from './lease.ts'

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const turn = () => new Promise((resolve) => setImmediate(resolve))
const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await turn()
}

interface LeaseBody {
  readonly metadata: { readonly resourceVersion: string }
  readonly spec: { readonly holderIdentity: string; readonly leaseTransitions: number }
}

let lease: LeaseBody | undefined
let asked: string[]
/** Answers a call instead of the server, when it returns something. */
let meddle: (call: Call) => Promise<never> | undefined
let stop: AbortController
let ended: Promise<string>

/** An API server with one Lease. */
const server: Transport = {
  async request(call: Call) {
    asked.push(call.method)
    await (meddle(call) ?? turn())
    if (call.method === 'GET') {
      if (!lease) throw new ApiError(404, undefined)
      return { status: 200, body: lease as never }
    }
    const body = call.body as LeaseBody
    if (call.method === 'PUT' && body.metadata.resourceVersion !== lease?.metadata.resourceVersion)
      throw new ApiError(lease ? 409 : 404, undefined)
    write(body.spec)
    return { status: 200, body: lease as never }
  },
  stream: () => Promise.reject(new Error('nothing to watch')),
  close: () => undefined,
}

function write(spec: LeaseBody['spec']): void {
  lease = {
    metadata: {
      ...lease?.metadata,
      resourceVersion: String(Number(lease?.metadata.resourceVersion ?? 0) + 1),
    },
    spec,
  }
}

/** Never answers, until the caller leaves. */
const swallow = ({ signal }: Call) =>
  new Promise<never>((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      reject(new Error('left'))
    })
  })

beforeEach(() => {
  lease = undefined
  asked = []
  meddle = () => undefined
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await ended
})

/** Leads as long as it may. */
async function lead(work?: (term: AbortSignal, lost: AbortSignal) => Promise<void>) {
  const terms: AbortSignal[] = []
  const election = new LeaderElection({
    transport: server,
    namespace: 'n',
    name: 'lease',
    identity: 'one',
    log,
    durationMs: 2_000,
    renewDeadlineMs: 1_000,
    retryMs: 20,
  })
  ended = election
    .run(stop.signal, async (term, lost) => {
      terms.push(term)
      await (work ? work(term, lost) : until(() => term.aborted))
    })
    .then(
      () => 'clean',
      (error: unknown) => String(error),
    )
  await until(() => terms.length === 1)
  return { isLeading: () => terms[0]?.aborted === false }
}

describe('a leader', () => {
  it('renews what it remembers, and does not ask before', async () => {
    await lead()
    asked = []
    await until(() => asked.length >= 3)
    expect(new Set(asked)).toEqual(new Set(['PUT']))
  })

  it('looks again when somebody touched the lease, and goes on when it is still its own', async () => {
    const { isLeading } = await lead()
    if (lease) write({ ...lease.spec })
    asked = []
    await until(() => asked.length >= 4)
    // The first one may have been on its way.
    expect(asked.join(' ')).toMatch(/^(?:PUT )?GET PUT PUT/)
    expect(isLeading()).toBe(true)
  })

  it('makes a lease anew that was deleted', async () => {
    const { isLeading } = await lead()
    lease = undefined
    asked = []
    await until(() => asked.length >= 4)
    expect(asked.join(' ')).toMatch(/^(?:PUT )?GET POST PUT/)
    expect(isLeading()).toBe(true)
  })

  it('gives up a lease that another one took', async () => {
    await lead()
    write({ holderIdentity: 'other', leaseTransitions: 1 })
    expect(await ended).toContain('leadership was lost')
    expect(lease?.spec.holderIdentity).toBe('other')
  })

  it('has time for another try when one is swallowed', async () => {
    const { isLeading } = await lead()
    let isSwallowed = false
    meddle = (call) => {
      if (isSwallowed) return undefined
      isSwallowed = true
      return swallow(call)
    }
    asked = []
    await until(() => asked.length >= 3)
    expect(isLeading()).toBe(true)
  })

  it('holds its lease while it finishes what it had begun, and gives it back then', async () => {
    let finish: () => void = () => undefined
    let isLost: boolean | undefined
    await lead(async (term, lost) => {
      await until(() => term.aborted)
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      isLost = lost.aborted
    })
    stop.abort()
    asked = []
    await until(() => asked.length >= 3)
    expect(lease?.spec.holderIdentity).toBe('one')
    finish()
    expect(await ended).toBe('clean')
    expect(isLost).toBe(false)
    expect(lease?.spec.holderIdentity).toBe('')
  })

  it('is told to drop everything when its lease is lost while it finishes', async () => {
    let dropped = false
    await lead(async (term, lost) => {
      await until(() => term.aborted)
      await until(() => lost.aborted)
      dropped = true
    })
    stop.abort()
    write({ holderIdentity: 'other', leaseTransitions: 1 })
    expect(await ended).toContain('leadership was lost')
    expect(dropped).toBe(true)
  })
})
