/** The status contract over random histories: whatever happens in whatever order, every status ever written keeps it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BatchSenderStatus, Condition } from '../../../crds/schema/status.ts'
import type { AnyVerdict } from '../components/component.ts'
import type { CheckName } from '../../../crds/schema/checks.ts'
import { CHECKS } from '../../../crds/schema/checks.ts'
import type { ConditionType } from '../../../crds/schema/conditions.ts'
import type { Plan } from './plan.ts'
import type { Proof } from '../checks/check.ts'
import type { StepOutcome } from './commit.ts'
import { CONDITIONS, CONDITION_TYPES, stalls, sumsIntoReady } from '../../../crds/schema/conditions.ts'
import { contractBreaches, kstatusOf, kubectlWaitIsMet } from '../testing/kstatus.ts'
import { NOW, sender, snapshot, SPEC } from '../testing/snapshots.ts'
import { components } from '../components/index.ts'
import { Deployment } from '../vocabulary/kinds.ts'
import { report } from './report.ts'

/** Everything that outlives a pass: the object in the cluster, and how the world is. */
interface World {
  readonly generation: number
  readonly edits: number
  readonly suspend: boolean
  readonly requestedAt?: string
  readonly status: BatchSenderStatus
  readonly verdicts: Readonly<Record<ConditionType, AnyVerdict>>
  readonly proofs: Readonly<Record<CheckName, Proof>>
  readonly seconds: number
}

type Event =
  | { readonly kind: 'edit' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'request' }
  | { readonly kind: 'restart' }
  | {
      readonly kind: 'verdict'
      readonly type: ConditionType
      readonly status: Condition['status']
      readonly pick: number
    }
  | { readonly kind: 'proof'; readonly name: CheckName; readonly state: Proof['state'] }
  | { readonly kind: 'refused' | 'foreign' | 'done'; readonly type: ConditionType }

const TYPES = CONDITION_TYPES
const NAMES = Object.keys(CHECKS) as CheckName[]
const STATES = ['Proven', 'Failing', 'Unknown', 'NotConfigured'] as const

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.constantFrom<Event>({ kind: 'edit' }, { kind: 'suspend' }, { kind: 'request' }, { kind: 'restart' }),
  fc.record({
    kind: fc.constant('verdict' as const),
    type: fc.constantFrom(...TYPES),
    status: fc.constantFrom('True' as const, 'True' as const, 'False' as const, 'Unknown' as const),
    pick: fc.nat(40),
  }),
  fc.record({
    kind: fc.constant('proof' as const),
    name: fc.constantFrom(...NAMES),
    state: fc.constantFrom(...STATES),
  }),
  fc.record({
    kind: fc.constantFrom('refused' as const, 'foreign' as const, 'done' as const),
    type: fc.constantFrom(...TYPES),
  }),
)

/** A reason of the type; a True one never stalls. */
function verdictOf(type: ConditionType, status: Condition['status'], pick: number): AnyVerdict {
  const reasons = Object.keys(CONDITIONS[type].reasons).filter(
    (reason) => status !== 'True' || !stalls(type, reason),
  )
  return { status, reason: reasons[pick % reasons.length] ?? '', message: `${type} ${pick}` } as AnyVerdict
}

const START: World = {
  generation: 1,
  edits: 0,
  suspend: false,
  status: { observedGeneration: -1 },
  verdicts: Object.fromEntries(TYPES.map((type) => [type, verdictOf(type, 'True', 0)])) as World['verdicts'],
  proofs: Object.fromEntries(
    NAMES.map((name) => [name, { state: 'Unknown', message: name }]),
  ) as unknown as World['proofs'],
  seconds: 0,
}

function after(world: World, event: Event): World {
  const next = { ...world, seconds: world.seconds + 7 }
  switch (event.kind) {
    case 'edit':
      return { ...next, generation: world.generation + 1, edits: world.edits + 1 }
    case 'suspend':
      return { ...next, generation: world.generation + 1, suspend: !world.suspend }
    case 'request':
      return { ...next, requestedAt: `at ${next.seconds}` }
    case 'verdict':
      return {
        ...next,
        verdicts: { ...world.verdicts, [event.type]: verdictOf(event.type, event.status, event.pick) },
      }
    case 'proof':
      return {
        ...next,
        proofs: { ...world.proofs, [event.name]: { state: event.state, message: event.name } },
      }
    case 'restart':
    case 'refused':
    case 'foreign':
    case 'done':
      return next
  }
}

function outcomesOf(event: Event): readonly StepOutcome[] {
  if (event.kind !== 'refused' && event.kind !== 'foreign' && event.kind !== 'done') return []
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'orders-worker' } }
  const what = 'Deployment orders-worker'
  const outcome = {
    refused: { state: 'refused', what, message: 'no', invalid: false },
    foreign: { state: 'foreign', what, holder: 'another' },
    done: { state: 'done', change: 'updated', what },
  } as const
  const desired = { type: 'object', resource: Deployment, object } as const
  return [{ step: { conditionType: event.type, desired }, outcome: outcome[event.kind], contests: [] }]
}

function pass(world: World, outcomes: readonly StepOutcome[], secondsLater = 0): BatchSenderStatus {
  const who = sender({
    generation: world.generation,
    spec: { ...SPEC, suspend: world.suspend },
    specHash: `hash ${world.edits}`,
    status: world.status,
    requests: world.requestedAt === undefined ? {} : { reconcile: world.requestedAt },
  })
  const plan: Plan = {
    stages: [],
    defects: [],
    verdicts: TYPES.map((type) => ({ type, verdict: world.verdicts[type] })),
    proofs: NAMES.map((name) => ({ name, proof: world.proofs[name] })),
  }
  const now = new Date(NOW.getTime() + (world.seconds + secondsLater) * 1000)
  return report(snapshot({ sender: who, now }), plan, world.suspend ? [] : outcomes, components)
}

/** What is made again was found missing in the same pass. */
function found(world: World, event: Event): World {
  if (event.kind !== 'done') return world
  const missing = verdictOf(event.type, 'False', 2)
  return { ...world, verdicts: { ...world.verdicts, [event.type]: missing } }
}

const conditionOf = ({ conditions }: BatchSenderStatus, type: string) =>
  conditions?.find((condition) => condition.type === type)

/** Runs a history and hands every step to `look`. */
function live(
  events: readonly Event[],
  look: (before: World, event: Event, world: World, status: BatchSenderStatus) => void,
): void {
  let world = { ...START, status: pass(START, []) }
  for (const event of events) {
    const next = after(world, event)
    const status = pass(found(next, event), outcomesOf(event))
    look(world, event, next, status)
    world = { ...next, status }
  }
}

const holds = (look: Parameters<typeof live>[1]) => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      live(events, look)
    }),
    { numRuns: 300 },
  )
}

/** What was said of a write that did not come through. */
function openWrite({ status }: World, type: ConditionType): string | undefined {
  const last = conditionOf(status, type)
  return /Write|NameConflict|Blocked|Invalid/.test(last?.reason ?? '') ? last?.status : undefined
}

describe('over any history', () => {
  it('every status keeps the rules of kstatus', () => {
    holds((_before, _event, { generation }, status) => {
      expect(contractBreaches(generation, status)).toEqual([])
    })
  })

  it('kstatus and kubectl wait say what the conditions mean', () => {
    holds((_before, _event, { generation, suspend }, status) => {
      if (suspend) return
      const isStalled = conditionOf(status, 'Stalled') !== undefined
      const isReady = conditionOf(status, 'Ready')?.status === 'True'
      expect(kstatusOf(generation, status)).toBe(isStalled ? 'Failed' : isReady ? 'Current' : 'InProgress')
      expect(kubectlWaitIsMet(generation, status)).toBe(isReady)
    })
  })

  it('it is Stalled exactly when a condition has a reason that a person must act upon', () => {
    holds((_before, _event, { suspend }, status) => {
      if (suspend) return
      const stalling = TYPES.filter((type) => {
        const condition = conditionOf(status, type)
        return condition !== undefined && condition.status !== 'True' && stalls(type, condition.reason)
      })
      expect(conditionOf(status, 'Stalled') !== undefined).toBe(stalling.length > 0)
    })
  })

  it('an instant moves exactly when the status of its condition does', () => {
    holds((before, _event, _world, status) => {
      for (const condition of status.conditions ?? []) {
        const last = conditionOf(before.status, condition.type)
        if (!last) continue
        const moved = condition.lastTransitionTime !== last.lastTransitionTime
        expect(moved).toBe(condition.status !== last.status)
      }
    })
  })

  it('every condition is of the present generation unless suspended', () => {
    holds((_before, _event, { generation, suspend }, status) => {
      if (suspend) return
      for (const condition of status.conditions ?? []) expect(condition.observedGeneration).toBe(generation)
    })
  })

  it('the observed generation advances when a pass ends Ready or Stalled, and never goes back', () => {
    holds((before, _event, { generation, suspend }, status) => {
      const [last, now] = [before.status.observedGeneration ?? -1, status.observedGeneration ?? -1]
      expect(now).toBeGreaterThanOrEqual(last)
      if (suspend) return
      const settled =
        conditionOf(status, 'Ready')?.status === 'True' || conditionOf(status, 'Stalled') !== undefined
      expect(now).toBe(settled ? generation : last)
    })
  })

  it('a suspend toggle is stamped at once, an edit made while suspended is left behind', () => {
    holds((before, event, { generation, suspend, edits }, status) => {
      if (!suspend) return
      expect(conditionOf(status, 'Suspended')?.status).toBe('True')
      const onlyToggled = before.status.observedSpecHash === `hash ${edits}`
      expect(status.observedGeneration === generation).toBe(onlyToggled)
      if (event.kind === 'edit') expect(kstatusOf(generation, status)).toBe('InProgress')
    })
  })

  it('what is seen is told while suspended, too, but for writes that nobody tries again', () => {
    holds((before, event, { suspend, verdicts, proofs }, status) => {
      // Nothing is made while suspended.
      if (!suspend || event.kind === 'done') return
      for (const type of TYPES) {
        const { status: seen } = verdicts[type]
        const told = conditionOf(status, type)?.status
        expect(seen === 'True' ? (openWrite(before, type) ?? seen) : seen).toBe(told)
      }
      for (const name of NAMES)
        expect(status.checks?.find((check) => check.name === name)?.state).toBe(proofs[name].state)
    })
  })

  it('Ready follows what is seen while suspended, and nothing waits for writes that do not come', () => {
    const waits = (of: BatchSenderStatus) => conditionOf(of, 'Reconciling') !== undefined
    holds((before, _event, { generation, suspend }, status) => {
      if (!suspend) return
      const allTrue = TYPES.filter(sumsIntoReady).every(
        (type) => conditionOf(status, type)?.status === 'True',
      )
      expect(conditionOf(status, 'Ready')?.status === 'True').toBe(allTrue)
      expect(waits(status) && !waits(before.status)).toBe(false)
      const breaks = !allTrue && kstatusOf(generation, before.status) === 'Current'
      if (breaks) expect(kstatusOf(generation, status)).toBe('Failed')
    })
  })

  it('what is healed in the same pass takes nothing back', () => {
    holds((before, event, { generation, suspend }, status) => {
      if (suspend || event.kind !== 'done') return
      const last = conditionOf(before.status, event.type)
      if (last?.status !== 'True' || last.observedGeneration !== generation) return
      expect(conditionOf(status, event.type)?.status).toBe('True')
    })
  })

  it('a request is mirrored', () => {
    holds((_before, _event, { requestedAt }, status) => {
      expect(status.lastHandledReconcileAt).toBe(requestedAt)
    })
  })

  it('a pass that finds everything as it was writes nothing, whenever it comes', () => {
    holds((_before, _event, world, status) => {
      const settled = pass({ ...world, status }, [])
      expect(pass({ ...world, status: settled }, [], 100_000)).toEqual(settled)
    })
  })
})
