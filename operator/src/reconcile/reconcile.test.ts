import { describe, expect, it } from 'vitest'
import type { ApplyOutcome } from '../runtime/applyOutcome.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import type { Ports } from './ports.ts'
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import { checks } from '../checks/index.ts'
import { components } from '../components/index.ts'
import { ApiError, Waiting } from '../runtime/errors.ts'
import {
  allReferences,
  INSTALLATION,
  issuedSecrets,
  NOW,
  sender,
  snapshot,
  SPEC,
} from '../testing/snapshots.ts'
import { reconcile } from './reconcile.ts'

const KEY = 'mail/orders'
const primary = (more: object = {}): KubernetesObject => ({
  apiVersion: 'batchsender.io/v1alpha1',
  kind: 'BatchSender',
  metadata: { name: 'orders', namespace: 'mail', uid: 'uid-orders', generation: 1 },
  spec: SPEC,
  ...more,
})

/** Ports over values; every write is written down. */
function ports(object: KubernetesObject | undefined, more: Partial<Ports> = {}) {
  const writes: string[] = []
  const statuses: BatchSenderStatus[] = []
  const made = (what: string, outcome: ApplyOutcome): Promise<ApplyOutcome> => {
    writes.push(what)
    return Promise.resolve(outcome)
  }
  const done = (what: string) => {
    writes.push(what)
    return Promise.resolve({ state: 'done', change: 'created', what } as const)
  }
  const all: Ports = {
    now: () => NOW,
    installation: INSTALLATION,
    primary: () => object,
    children: () => new Map(),
    secrets: () => issuedSecrets(sender()),
    runs: () => [],
    references: () => Promise.resolve(allReferences()),
    evidence: () => snapshot().evidence,
    apply: (resource, wish) => made(`apply ${resource.kind}`, { state: 'created', object: wish }),
    remove: (resource) => done(`remove ${resource.kind}`).then(() => true),
    issueCertificate: (wish) => done(`issue ${wish.secret.name}`),
    makeKey: () => Promise.resolve({ state: 'unchanged' }),
    reloadNats: () => done('reload'),
    keepQueue: () => done('queue'),
    runStatement: () => done('statement'),
    lookSoon: () => undefined,
    forget: (key) => writes.push(`forget ${key}`),
    attend: () => undefined,
    writeStatus: (_primary, status) => {
      statuses.push(status)
      return Promise.resolve()
    },
    event: () => undefined,
    ...more,
  }
  const pass = () => reconcile(KEY, { components, checks }, all, new AbortController().signal)
  return { pass, writes, statuses }
}

const reasonOf = (status: BatchSenderStatus | undefined, type: string) =>
  status?.conditions?.find((condition) => condition.type === type)?.reason

describe('a pass', () => {
  it('applies accounts before workloads, and asks to run again after a write', async () => {
    const { pass, writes } = ports(primary())
    expect(await pass()).toEqual({ requeueAfterMs: 0 })
    expect(writes.indexOf('apply ServiceAccount')).toBeLessThan(writes.indexOf('apply StatefulSet'))
    expect(writes.indexOf('apply StatefulSet')).toBeLessThan(writes.indexOf('apply Job'))
  })

  it.each([
    { why: 'gone', object: undefined },
    {
      why: 'being deleted',
      object: primary({ metadata: { ...primary().metadata, deletionTimestamp: '2026-11-23T12:00:00Z' } }),
    },
  ])('writes nothing for an object that is $why', async ({ object }) => {
    const { pass, writes, statuses } = ports(object)
    expect(await pass()).toEqual({})
    expect(writes).toEqual([`forget ${KEY}`])
    expect(statuses).toEqual([])
  })

  it('writes nothing but the status while suspended', async () => {
    const { pass, writes, statuses } = ports(primary({ spec: { ...SPEC, suspend: true } }))
    await pass()
    expect(writes).toEqual([])
    expect(reasonOf(statuses[0], 'Suspended')).toBe('Suspended')
  })

  it('leaves old children running when the spec makes no sense', async () => {
    const { pass, writes, statuses } = ports(primary({ spec: { nonsense: true } }))
    await pass()
    expect(writes).toEqual([])
    expect(reasonOf(statuses[0], 'Stalled')).toBe('Invalid')
  })

  it('tells a refusal in the condition of the component, and goes on with the others', async () => {
    const refusal = new ApiError(403, { kind: 'Status', message: 'exceeded quota: pods' })
    const { pass, statuses } = ports(primary(), {
      apply: (resource, object) =>
        resource.kind === 'StatefulSet'
          ? Promise.reject(refusal)
          : Promise.resolve({ state: 'unchanged', object }),
    })
    await pass()
    expect(reasonOf(statuses[0], 'NatsReady')).toBe('WriteRefused')
    expect(reasonOf(statuses[0], 'WorkerReady')).toBe('Migrating')
  })

  it('tells what it did although the status cannot be written', async () => {
    const told: string[] = []
    const { pass } = ports(primary(), {
      writeStatus: () => Promise.reject(new Error('conflict')),
      event: (_primary, { reason }) => told.push(reason),
    })
    await expect(pass()).rejects.toThrow('conflict')
    expect(told).toContain('Created')
  })

  it('says nothing of a namespace that is going away', async () => {
    const terminating = new ApiError(403, {
      kind: 'Status',
      message: 'forbidden',
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    })
    const { pass, statuses } = ports(primary(), { apply: () => Promise.reject(terminating) })
    await pass()
    expect(statuses[0]?.conditions?.map(({ reason }) => reason)).not.toContain('WriteRefused')
  })

  it('leaves a lost connection to the runtime, when the neighbours of the failed step are done', async () => {
    let finished = 0
    const { pass } = ports(primary(), {
      apply: async (resource, object) => {
        if (resource.kind === 'ConfigMap') throw new Error('connection lost')
        await Promise.resolve()
        finished += 1
        return { state: 'unchanged', object }
      },
    })
    await expect(pass()).rejects.toThrow('connection lost')
    expect(finished).toBe(1) // the ServiceAccount, which shares its stage
  })

  it('goes on with the others when one is put off for somebody who keeps undoing it', async () => {
    const { pass, writes, statuses } = ports(primary(), {
      apply: (resource, wish) =>
        resource.kind === 'Service'
          ? Promise.reject(new Waiting('Contested', 700))
          : Promise.resolve({ state: 'unchanged', object: wish }),
      issueCertificate: () => Promise.resolve({ state: 'unchanged' }),
      keepQueue: () => Promise.resolve({ state: 'unchanged' }),
      reloadNats: () => Promise.resolve({ state: 'unchanged' }),
      runStatement: () => Promise.resolve({ state: 'unchanged' }),
    })
    expect(await pass()).toEqual({ requeueAfterMs: 700 })
    expect(statuses).toHaveLength(1)
    expect(writes).toEqual([])
  })

  it('looks again for a name that somebody else holds', async () => {
    const { pass, statuses } = ports(primary(), {
      apply: () => Promise.resolve({ state: 'foreign', holder: 'Vault v' }),
    })
    expect((await pass()).requeueAfterMs).toBeLessThanOrEqual(15_000)
    expect(reasonOf(statuses[0], 'Stalled')).toBe('NameConflict')
  })
})
