import { describe, expect, it } from 'vitest'
import type { ApplyOutcome } from '../runtime/applyOutcome.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import type { Ports } from './ports.ts'
import type { ClusterTool, Tools } from './tools.ts'
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import { checks } from '../checks/index.ts'
import { components } from '../components/index.ts'
import { isServed } from '../components/snapshot.ts'
import { Service } from '../vocabulary/kinds.ts'
import { ApiError, Waiting } from '../runtime/errors.ts'
import { Failures } from '../runtime/failures.ts'
import { Repetitions } from '../runtime/repetitions.ts'
import { IDLE_TOOLS } from '../testing/idleTools.ts'
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
function ports(
  object: KubernetesObject | undefined,
  {
    tools,
    apply,
    remove,
    ...more
  }: Partial<Omit<Ports, 'tools'> & ClusterTool> & { tools?: Partial<Tools> } = {},
) {
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
    presence: () => Promise.resolve('gone'),
    primary: () => object,
    missingKinds: () => new Set(),
    children: () => new Map(),
    secrets: () => issuedSecrets(sender()),
    runs: () => [],
    probing: () => ({ runs: [], others: [] }),
    troubles: () => Promise.resolve([]),
    shared: () => [],
    references: () => Promise.resolve(allReferences()),
    evidence: () => snapshot().evidence,
    tools: {
      ...IDLE_TOOLS,
      cluster: {
        ...IDLE_TOOLS.cluster,
        apply:
          apply ?? ((resource, wish) => made(`apply ${resource.kind}`, { state: 'created', object: wish })),
        remove:
          remove ??
          ((resource) => done(`remove ${resource.kind}`).then(() => ({ state: 'removed' }) as const)),
      },
      secrets: { ...IDLE_TOOLS.secrets, keep: ({ name }) => done(`keep ${name}`) },
      ...tools,
    },
    repetitions: new Repetitions(() => 0),
    outdated: () => undefined,
    lookSoon: () => undefined,
    forget: (key) => writes.push(`forget ${key}`),
    attend: () => undefined,
    writeStatus: (_primary, status) => {
      statuses.push(status)
      return Promise.resolve()
    },
    event: () => undefined,
    failures: new Failures(() => 0),
    ...more,
  }
  const pass = () => reconcile(KEY, { components, checks }, all, new AbortController().signal)
  return { pass, writes, statuses, all }
}

const fail = () => {
  throw new Error('a defect')
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
        if (resource.kind === 'ConfigMap')
          throw Object.assign(new Error('connection lost'), { code: 'ECONNRESET' })
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
    })
    expect(await pass()).toEqual({ requeueAfterMs: 700 })
    expect(statuses).toHaveLength(1)
    expect(writes).toEqual([])
  })

  describe('with a step that fails', () => {
    const failing = (kind: string, error: Error | undefined, more: Parameters<typeof ports>[1] = {}) => {
      let seconds = 0
      const applied: string[] = []
      const all = ports(primary(), {
        failures: new Failures(() => seconds * 1_000),
        apply: (resource, object) => {
          if (error && resource.kind === kind) return Promise.reject(error)
          applied.push(resource.kind)
          return Promise.resolve({ state: 'unchanged', object })
        },
        ...more,
      })
      const passAt = async (at: number) => {
        seconds = at
        return all.pass().catch((thrown: unknown) => thrown)
      }
      const conditionOf = (type: string) =>
        all.statuses.at(-1)?.conditions?.find((condition) => condition.type === type)
      return { ...all, passAt, applied, conditionOf }
    }
    const webhookDown = new ApiError(500, {
      kind: 'Status',
      message: 'Internal error occurred: failed calling webhook "x": connection refused',
    })

    it('carries the others out, tells of it when it lasts, and has it tried again', async () => {
      const { passAt, applied, conditionOf } = failing('ConfigMap', webhookDown)
      expect(await passAt(0)).toBe(webhookDown)
      expect(applied).toEqual(expect.arrayContaining(['NetworkPolicy', 'Job']))
      // What comes later in the same component waits for what comes first.
      expect(applied).not.toContain('StatefulSet')
      expect(conditionOf('NatsReady')).not.toMatchObject({ reason: 'WriteFailed' })
      await passAt(1)
      await passAt(2)
      expect(conditionOf('NatsReady')).not.toMatchObject({ reason: 'WriteFailed' })
      await passAt(20)
      expect(conditionOf('NatsReady')).toMatchObject({
        status: 'False',
        reason: 'WriteFailed',
        message: expect.stringMatching(/^ConfigMap orders-nats: .*failed calling webhook/) as string,
      })
      expect(conditionOf('Ready')).toMatchObject({ status: 'False' })
      expect(conditionOf('Stalled')).toBeUndefined()
    })

    it('says at once what is a defect of its own', async () => {
      const { passAt, conditionOf } = failing('ConfigMap', new TypeError('x is not a function'))
      await passAt(0)
      expect(conditionOf('NatsReady')).toMatchObject({ status: 'False', reason: 'WriteFailed' })
    })

    it('is not Ready for a new spec of which something could not be written', async () => {
      const { passAt, conditionOf } = failing('ConfigMap', webhookDown)
      await passAt(0)
      expect(conditionOf('Ready')).not.toMatchObject({ status: 'True' })
    })

    it('tells a field that no type has as a fault of the spec, and a quantity as well', async () => {
      const misfit = new ApiError(500, {
        kind: 'Status',
        message:
          'failed to create typed patch object (mail/orders-worker; apps/v1, Kind=StatefulSet): .spec.template.spec.affinity.podAntiAffinty: field not declared in schema',
      })
      const { passAt, conditionOf } = failing('StatefulSet', misfit)
      await passAt(0)
      expect(conditionOf('SpecValid')).toMatchObject({
        status: 'False',
        reason: 'Invalid',
        message:
          'StatefulSet orders-nats: spec.template.spec.affinity.podAntiAffinty: field not declared in schema',
      })
      expect(conditionOf('Stalled')).toMatchObject({ status: 'True' })
    })

    it('does not blame the spec for what cannot be changed any more', async () => {
      const immutable = new ApiError(422, {
        kind: 'Status',
        message: 'Job.batch "x" is invalid',
        details: {
          causes: [{ field: 'spec.template', message: 'Invalid value: {"a":1}: field is immutable' }],
        },
      })
      const { passAt, conditionOf } = failing('StatefulSet', immutable)
      await passAt(0)
      expect(conditionOf('SpecValid')).toMatchObject({ status: 'True' })
      expect(conditionOf('NatsReady')).toMatchObject({ status: 'False', reason: 'WriteRefused' })
      expect(conditionOf('Stalled')).toBeUndefined()
    })

    it('gives no condition a reason that it does not declare', async () => {
      const { passAt, conditionOf } = failing('none', undefined, {
        tools: {
          secrets: {
            ...IDLE_TOOLS.secrets,
            keep: () =>
              Promise.resolve({
                state: 'refused',
                what: 'Secret x',
                message: 'no',
                invalid: false,
                reason: 'AccessDenied',
              }),
          },
        },
        secrets: () => new Map(),
      })
      await passAt(0)
      expect(conditionOf('NatsTLSReady')).toMatchObject({ reason: 'WriteRefused', message: 'Secret x: no' })
    })
  })

  it('says that it cannot look, when that goes on', async () => {
    let seconds = 0
    const healthy = { type: 'Ready', status: 'True', reason: 'Ready', message: 'fine', observedGeneration: 1 }
    const { pass, statuses } = ports(
      primary({ status: { conditions: [{ ...healthy, lastTransitionTime: '2026-01-01T00:00:00Z' }] } }),
      {
        failures: new Failures(() => seconds * 1_000),
        references: () => Promise.reject(new Error('the Secrets cannot be read')),
      },
    )
    for (seconds of [0, 1, 2]) await expect(pass()).rejects.toThrow('cannot be read')
    expect(statuses).toEqual([])
    seconds = 30
    await expect(pass()).rejects.toThrow('cannot be read')
    expect(statuses.at(-1)?.conditions).toMatchObject([
      { type: 'Ready', status: 'Unknown', reason: 'PassFailed' },
      { type: 'Reconciling', status: 'True' },
    ])
  })

  it('lets one component with a defect spoil nothing but itself', async () => {
    const broken = { ...components[3], desired: fail, verdict: fail } as (typeof components)[number]
    const catalogue = { components: components.map((one, index) => (index === 3 ? broken : one)), checks }
    const { all, statuses, writes } = ports(primary())
    await expect(reconcile(KEY, catalogue, all, new AbortController().signal)).rejects.toThrow('defect')
    expect(reasonOf(statuses[0], broken.conditionType)).toBe('InternalError')
    expect(writes).toContain('apply Job')
  })

  it('lets a component wish only for what the server knows', async () => {
    const [first] = components
    if (!first) throw new Error('there are no components')
    const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x', namespace: 'mail' } }
    const choosy: (typeof components)[number] = {
      ...first,
      desired: (given) => (isServed(given, Service) ? [{ type: 'object', resource: Service, object }] : []),
    }
    const written = async (missing: readonly string[]) => {
      const { all, writes } = ports(primary(), { missingKinds: () => new Set(missing) })
      await reconcile(KEY, { components: [choosy], checks: [] }, all, new AbortController().signal)
      return writes
    }
    expect(await written(['ServiceMonitor'])).toEqual(['apply Service'])
    expect(await written(['Service'])).toEqual([])
  })

  it('tells what is held by a finalizer, and not what is only on its way out', async () => {
    const since = new Date(NOW.getTime() - 5_000).toISOString()
    const terminating = (finalizers: readonly string[], at = since) =>
      ports(primary(), {
        apply: (resource, object) =>
          Promise.resolve(
            resource.kind === 'NetworkPolicy'
              ? { state: 'terminating', since: at, finalizers }
              : { state: 'unchanged', object },
          ),
      })
    const held = terminating(['example.com/foreign'])
    await held.pass()
    const [told] = held.statuses
    expect(reasonOf(told, 'NetworkPolicyReady')).toBe('Blocked')
    expect(told?.conditions?.find(({ type }) => type === 'NetworkPolicyReady')?.message).toMatch(
      /^NetworkPolicy orders-[a-z-]+ is being deleted and held by finalizer example.com\/foreign/,
    )
    const going = terminating(['foregroundDeletion'])
    await going.pass()
    expect(reasonOf(going.statuses[0], 'NetworkPolicyReady')).not.toBe('Blocked')
    const stuck = terminating([], new Date(NOW.getTime() - 120_000).toISOString())
    await stuck.pass()
    expect(reasonOf(stuck.statuses[0], 'NetworkPolicyReady')).toBe('Blocked')
  })

  it('tells of what should be gone and is held', async () => {
    const since = new Date(NOW.getTime() - 5_000).toISOString()
    const autoscaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'orders-worker', namespace: 'mail' },
    }
    const { pass, statuses } = ports(primary(), {
      children: () => new Map([['HorizontalPodAutoscaler/orders-worker', autoscaler]]),
      apply: (_resource, object) => Promise.resolve({ state: 'unchanged', object }),
      remove: () => Promise.resolve({ state: 'terminating', since, finalizers: ['example.com/foreign'] }),
    })
    await pass()
    expect(statuses[0]?.conditions?.find(({ type }) => type === 'WorkerReady')).toMatchObject({
      reason: 'Blocked',
      message:
        'HorizontalPodAutoscaler orders-worker is being deleted and held by finalizer example.com/foreign',
    })
  })

  it('tells of what may be over in a moment only when it is not', async () => {
    let seconds = 0
    const { pass, statuses } = ports(primary(), {
      failures: new Failures(() => seconds * 1_000),
      apply: (resource, object) =>
        Promise.resolve(
          resource.kind === 'NetworkPolicy'
            ? { state: 'terminating', finalizers: [] }
            : { state: 'unchanged', object },
        ),
      tools: { nats: { ...IDLE_TOOLS.nats, jetstream: () => Promise.reject(new Error('no space')) } },
      evidence: () => ({
        ...snapshot().evidence,
        jetstream: {
          lookedAt: NOW,
          seen: { reached: true, stream: { exists: false }, consumer: { exists: false } },
        },
      }),
    })
    for (seconds of [0, 1, 2]) await pass()
    expect(reasonOf(statuses.at(-1), 'NetworkPolicyReady')).not.toBe('Blocked')
    seconds = 20
    await pass()
    const told = (type: string) =>
      statuses.at(-1)?.conditions?.find((condition) => condition.type === type)?.message
    expect(told('NetworkPolicyReady')).toMatch(/belongs to an owner of the same name that is gone/)
    expect(told('NatsReady')).toMatch(/^stream \S+ cannot be brought in line: no space$/)
  })

  it('tells once what admission changes, and is Ready with it', async () => {
    const events: string[] = []
    let isNew = true
    const rewritten = (object: KubernetesObject): ApplyOutcome => ({
      state: 'unchanged',
      object,
      rewrite: { differences: [{ path: 'spec.x', live: 'mirror/x' }], isNew, againMs: 60_000 },
    })
    const { pass, statuses, writes } = ports(primary(), {
      apply: (resource, object) =>
        Promise.resolve(
          resource.kind === 'Deployment' || resource.kind === 'Job'
            ? rewritten(object)
            : { state: 'unchanged', object },
        ),
      event: (_primary, { reason, message }) => events.push(`${reason} ${message}`),
    })
    await pass()
    expect(events.filter((event) => event.startsWith('AdmissionChanged'))).toEqual([
      expect.stringMatching(
        /admission changes Job orders-migrate-\w+: spec.x to mirror\/x; it is left as it is/,
      ),
    ])
    expect(statuses[0]?.evidence?.contested).toMatchObject([
      { manager: 'admission', paths: ['spec.x'], count: 1 },
    ])
    events.length = 0
    isNew = false
    await pass()
    expect(events.filter((event) => event.startsWith('AdmissionChanged'))).toEqual([])
    expect(writes.filter((write) => write.startsWith('apply'))).toEqual([])
  })

  it.each([
    { why: 'another one is at work', keeper: 'elsewhere', presence: 'atWork' as const, writes: false },
    {
      why: 'nobody knows whether another one is',
      keeper: 'elsewhere',
      presence: 'unknown' as const,
      writes: false,
    },
    { why: 'another one is gone', keeper: 'elsewhere', presence: 'gone' as const, writes: true },
    { why: 'it is ours', keeper: 'batchsender-system', presence: 'atWork' as const, writes: true },
    { why: 'a person has assigned it', assigned: 'elsewhere', presence: 'gone' as const, writes: false },
    {
      why: 'a person has assigned it to us',
      keeper: 'elsewhere',
      assigned: 'batchsender-system',
      presence: 'atWork' as const,
      writes: true,
    },
  ])('looks after an object, or stands back: $why', async ({ keeper, assigned, presence, writes }) => {
    const told: string[] = []
    const annotations = assigned === undefined ? {} : { 'batchsender.io/operator': assigned }
    const object = primary({
      metadata: { ...primary().metadata, annotations },
      status: keeper === undefined ? {} : { operator: keeper },
    })
    const ours = ports(object, {
      presence: () => Promise.resolve(presence),
      event: (_primary, { reason }) => told.push(reason),
    })
    await ours.pass()
    expect(ours.statuses.length > 0).toBe(writes)
    expect(ours.writes.some((write) => write.startsWith('apply'))).toBe(writes)
    expect(told.includes('KeptByAnother')).toBe(!writes)
    if (writes) expect(ours.statuses[0]?.operator).toBe('batchsender-system')
  })

  it('looks again for a name that somebody else holds', async () => {
    const { pass, statuses } = ports(primary(), {
      apply: () => Promise.resolve({ state: 'foreign', holder: 'Vault v', orphaned: false }),
    })
    expect((await pass()).requeueAfterMs).toBeLessThanOrEqual(15_000)
    expect(reasonOf(statuses[0], 'Stalled')).toBe('NameConflict')
  })
})
