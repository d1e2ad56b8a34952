/**
 * What GitOps tools and kubectl make of our statuses: the real kstatus, Argo CD's health script in a real Lua, the real
 * `kubectl wait`, and our own oracle, all over the same statuses, which the operator's own code wrote.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AnyVerdict } from '../src/components/component.ts'
import type { BatchSenderStatus } from '../../crds/schema/status.ts'
import type { ConditionType } from '../../crds/schema/conditions.ts'
import { CONDITION_TYPES } from '../../crds/schema/conditions.ts'
import { binary } from '../../hack/cluster/binaries.ts'
import { ensureCommands } from '../../hack/cluster/packages.ts'
import { run } from '../../hack/cluster/shell.ts'
import { startControlPlane, type ControlPlane } from '../../hack/servers/controlPlane.ts'
import { components } from '../src/components/index.ts'
import { report } from '../src/reconcile/report.ts'
import { kstatusOf, kubectlWaitIsMet } from '../src/testing/kstatus.ts'
import { sender, snapshot, SPEC } from '../src/testing/snapshots.ts'
import { ROOT } from './harness.ts'
import { ApiClient } from './apiClient.ts'

interface Expected {
  readonly kstatus: 'Current' | 'InProgress' | 'Failed'
  readonly argo: 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended'
  readonly waitIsMet: boolean
}

interface Case extends Expected {
  readonly why: string
  readonly generation: number
  readonly suspend: boolean
  readonly status: BatchSenderStatus
}

const READY: Expected = { kstatus: 'Current', argo: 'Healthy', waitIsMet: true }
const WORKING: Expected = { kstatus: 'InProgress', argo: 'Progressing', waitIsMet: false }
const STALLED: Expected = { kstatus: 'Failed', argo: 'Degraded', waitIsMet: false }

/** The status of a pass, with one condition that is not True, if any. */
function statusOf(
  open?: { type: ConditionType; reason: string; status?: 'False' | 'Unknown' },
  {
    last = {},
    generation = 1,
    suspend = false,
  }: Partial<Pick<Case, 'generation' | 'suspend'>> & {
    last?: BatchSenderStatus
  } = {},
): BatchSenderStatus {
  const verdicts = CONDITION_TYPES.map((type) => {
    const verdict =
      type === open?.type
        ? { status: open.status ?? 'False', reason: open.reason, message: `${open.reason} it is` }
        : { status: 'True', reason: 'Valid', message: 'as it should be' }
    return { type, verdict: verdict as AnyVerdict }
  })
  const specHash = suspend || generation === 1 ? 'same' : 'other'
  const who = sender({ generation, status: last, specHash, spec: { ...SPEC, suspend } })
  const plan = { stages: [], defects: [], verdicts, proofs: [] }
  return report(snapshot({ sender: who }), plan, [], components)
}

const ready = statusOf()

const CASES: readonly Case[] = [
  { why: 'no status yet', generation: 1, suspend: false, status: { observedGeneration: -1 }, ...WORKING },
  { why: 'Ready', generation: 1, suspend: false, status: ready, ...READY },
  { why: 'Ready for an older generation', generation: 2, suspend: false, status: ready, ...WORKING },
  {
    why: 'a Secret is missing',
    generation: 1,
    suspend: false,
    status: statusOf({ type: 'DependenciesReachable', reason: 'SecretNotFound' }),
    ...WORKING,
  },
  {
    why: 'nothing was looked at yet',
    generation: 1,
    suspend: false,
    status: statusOf({ type: 'NatsReady', reason: 'NotObserved', status: 'Unknown' }),
    ...WORKING,
  },
  {
    why: 'a name is taken',
    generation: 1,
    suspend: false,
    status: statusOf({ type: 'NatsReady', reason: 'NameConflict' }),
    ...STALLED,
  },
  {
    why: 'a name is taken, and the spec was edited since',
    generation: 2,
    suspend: false,
    status: statusOf({ type: 'NatsReady', reason: 'NameConflict' }),
    ...WORKING,
  },
  {
    why: 'Ready, then rolling out a new spec',
    generation: 2,
    suspend: false,
    status: statusOf({ type: 'WorkerReady', reason: 'RollingOut' }, { last: ready, generation: 2 }),
    ...WORKING,
  },
  {
    why: 'suspended when Ready',
    generation: 2,
    suspend: true,
    status: statusOf(undefined, {
      last: { ...ready, observedSpecHash: 'same' },
      generation: 2,
      suspend: true,
    }),
    ...READY,
    argo: 'Suspended',
  },
  {
    why: 'suspended before it was ever set up',
    generation: 1,
    suspend: true,
    status: statusOf(undefined, { last: { observedGeneration: -1 }, suspend: true }),
    ...WORKING,
    argo: 'Suspended',
  },
]

const objectOf = ({ generation, suspend, status }: Case) => ({
  apiVersion: 'batchsender.io/v1alpha1',
  kind: 'BatchSender',
  metadata: { name: 'orders', namespace: 'mail', generation },
  spec: { suspend },
  status,
})

describe('a status', () => {
  let verdicts: string[]

  beforeAll(async () => {
    const lines = CASES.map((one) => JSON.stringify(objectOf(one))).join('\n')
    verdicts = (await run(await binary('kstatus'), [], { input: lines })).trim().split('\n')
    await ensureCommands('the test of Argo CD’s health script', { 'lua5.1': 'lua5.1' })
  })

  it.each(CASES.map((one, index) => ({ ...one, index })))(
    'means $kstatus to kstatus, ours and the real one: $why',
    ({ index, generation, status, kstatus }) => {
      expect(verdicts[index]).toBe(kstatus)
      expect(kstatusOf(generation, status)).toBe(kstatus)
    },
  )

  it.each(CASES)('means $argo to Argo CD: $why', async (one) => {
    const program = `obj = ${luaOf(objectOf(one))}
      local hs = dofile(${JSON.stringify(join(ROOT, 'config/argocd/health.lua'))})
      assert(type(hs.message) == "string" and hs.message ~= "")
      print(hs.status)`
    expect((await run('lua5.1', ['-'], { input: program })).trim()).toBe(one.argo)
  })
})

describe('kubectl wait', () => {
  let plane: ControlPlane
  let kubectlPath: string
  const kubectl = (args: readonly string[], input?: string) =>
    run(kubectlPath, ['--kubeconfig', plane.kubeconfig, ...args], input === undefined ? {} : { input })

  beforeAll(async () => {
    plane = await startControlPlane()
    kubectlPath = await binary('kubectl')
    await kubectl(['apply', '--server-side', '-k', join(ROOT, 'crds')])
    const api = await ApiClient.with(plane.kubeconfig)
    await api.untilServed('batchsenders')
    api.close()
  })
  afterAll(() => plane.stop())

  it.each(CASES.map((one, index) => ({ ...one, name: `case-${index}` })))(
    'is met ($waitIsMet): $why',
    async ({ name, generation, suspend, status, waitIsMet }) => {
      const object = { apiVersion: 'batchsender.io/v1alpha1', kind: 'BatchSender', metadata: { name } }
      const apply = (replicas: number) =>
        kubectl(
          ['apply', '-f', '-'],
          JSON.stringify({ ...object, spec: { ...SPEC, suspend, worker: { ...SPEC.worker, replicas } } }),
        )
      // Every edit of the spec is a generation.
      for (let edit = 1; edit <= generation; edit += 1) await apply(edit)
      const patch = JSON.stringify({ status })
      await kubectl(['patch', 'bs', name, '--subresource=status', '--type=merge', '-p', patch])
      const waiting = kubectl(['wait', '--for=condition=Ready', `bs/${name}`, '--timeout=1s'])
      expect(await waiting.then(Boolean, () => false)).toBe(waitIsMet)
      expect(kubectlWaitIsMet(generation, status)).toBe(waitIsMet)
    },
  )
})

/** A value as Lua writes it. */
function luaOf(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaOf).join(', ')}}`
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([key, field]) => `[${JSON.stringify(key)}] = ${luaOf(field)}`)
      .join(', ')}}`
  return JSON.stringify(value)
}
