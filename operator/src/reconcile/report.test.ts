import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { ConditionType } from '../../../crds/schema/conditions.ts'
import type { Plan } from './plan.ts'
import type { Snapshot } from '../components/snapshot.ts'
import type { StepOutcome } from './commit.ts'
import { CONDITIONS, CONDITION_TYPES, stalls } from '../../../crds/schema/conditions.ts'
import { contractBreaches, kstatusOf, kubectlWaitIsMet } from '../testing/kstatus.ts'
import { NOW, sender, snapshot, SPEC } from '../testing/snapshots.ts'
import { components } from '../components/index.ts'
import { Deployment } from '../vocabulary/kinds.ts'
import { turnsOf } from './events.ts'
import { report as reportOf } from './report.ts'
import { productionReady } from './summary.ts'

const report = (...[of, plan, outcomes]: [Snapshot, Plan, readonly StepOutcome[]]) =>
  reportOf(of, plan, outcomes, components)

type Verdicts = Plan['verdicts']
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)

const verdict = (type: ConditionType, status: string, reason: string) =>
  ({ type, verdict: { status, reason, message: `${type} says ${reason}` } }) as Verdicts[number]

const allTrue: Verdicts = [
  verdict('SpecValid', 'True', 'Valid'),
  verdict('DependenciesReachable', 'True', 'Resolved'),
  verdict('NatsTLSReady', 'True', 'Issued'),
  verdict('NatsReady', 'True', 'Available'),
  verdict('WorkerReady', 'True', 'Available'),
  verdict('MailFlowing', 'True', 'Flowing'),
]

const planWith = (...changed: Verdicts): Plan => ({
  stages: [],
  defects: [],
  proofs: [{ name: 'nats-tls-adopted', proof: { state: 'Proven', message: 'seen' } }],
  verdicts: allTrue.map((one) => changed.find(({ type }) => type === one.type) ?? one),
})

const conditionOf = (status: BatchSenderStatus, type: string) =>
  status.conditions?.find((one) => one.type === type)

function outcome(conditionType: ConditionType, result: StepOutcome['outcome']): StepOutcome {
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'orders-worker' } }
  return {
    step: { conditionType, desired: { type: 'object', resource: Deployment, object } },
    outcome: result,
    contests: [],
  }
}

describe('report', () => {
  it('is Ready for this generation when every condition is True', () => {
    const status = report(snapshot(), planWith(), [])
    expect(conditionOf(status, 'Ready')).toMatchObject({
      status: 'True',
      message: 'WorkerReady says Available, NatsReady says Available',
    })
    expect(status.observedGeneration).toBe(1)
    expect(kstatusOf(1, status)).toBe('Current')
    expect(kubectlWaitIsMet(1, status)).toBe(true)
  })

  it('does not advance for a missing reference, which may still be on its way', () => {
    const status = report(
      snapshot(),
      planWith(verdict('DependenciesReachable', 'False', 'SecretNotFound')),
      [],
    )
    expect(status.observedGeneration).toBe(-1)
    expect(conditionOf(status, 'Reconciling')).toMatchObject({ status: 'True', reason: 'DependencyNotReady' })
    expect(kstatusOf(1, status)).toBe('InProgress')
  })

  it('stalls and advances for what only a person can mend', () => {
    const foreign = outcome('NatsTLSReady', {
      state: 'foreign',
      what: 'Secret orders-nats-ca',
      holder: 'Vault v',
    })
    const status = report(snapshot(), planWith(), [foreign])
    expect(conditionOf(status, 'NatsTLSReady')).toMatchObject({ status: 'False', reason: 'NameConflict' })
    expect(conditionOf(status, 'Stalled')?.message).toContain('Secret orders-nats-ca belongs to Vault v')
    expect(status.observedGeneration).toBe(1)
    expect(kstatusOf(1, status)).toBe('Failed')
  })

  it('is not Ready for a new spec in the pass that carries it out', () => {
    const ready = report(snapshot(), planWith(), [])
    const edited = snapshot({ sender: sender({ status: ready, generation: 2 }) })
    const written = outcome('WorkerReady', {
      state: 'done',
      change: 'updated',
      what: 'Deployment orders-worker',
    })
    const during = report(edited, planWith(), [written])
    expect(kubectlWaitIsMet(2, during)).toBe(false)
    expect(kstatusOf(2, during)).toBe('InProgress')
    expect(kstatusOf(2, report(edited, planWith(), []))).toBe('Current')
  })

  it('takes nothing back for what was made again in the same pass, but does in the next', () => {
    const ready = report(snapshot(), planWith(), [])
    const given = snapshot({ sender: sender({ status: ready }) })
    const lost = planWith(verdict('NatsTLSReady', 'False', 'Issuing'))
    const healed = outcome('NatsTLSReady', {
      state: 'done',
      change: 'created',
      what: 'Secret orders-nats-server',
    })
    expect(conditionOf(report(given, lost, [healed]), 'Ready')?.status).toBe('True')
    expect(conditionOf(report(given, lost, []), 'Ready')?.status).toBe('False')
  })

  it('takes back what was only asked for to be mended', () => {
    const ready = report(snapshot(), planWith(), [])
    const given = snapshot({ sender: sender({ status: ready }) })
    const astray = planWith(verdict('NatsReady', 'False', 'NodesAstray'))
    const told = outcome('NatsReady', { state: 'done', change: 'requested', what: 'NATS node orders-nats-0' })
    expect(conditionOf(report(given, astray, [told]), 'Ready')?.status).toBe('False')
  })

  it('repeats the words of the server that refused a write', () => {
    const refused = {
      state: 'refused',
      what: 'Deployment orders-worker',
      message: 'exceeded quota',
      invalid: false,
    } as const
    const status = report(snapshot(), planWith(), [outcome('WorkerReady', refused)])
    expect(conditionOf(status, 'WorkerReady')).toMatchObject({
      reason: 'WriteRefused',
      message: 'Deployment orders-worker: exceeded quota',
    })
  })

  it('blames the spec for a child that the server calls invalid', () => {
    const refused = {
      state: 'refused',
      what: 'Deployment orders-worker',
      message: 'spec.x: bad',
      invalid: true,
    } as const
    const status = report(snapshot(), planWith(), [outcome('WorkerReady', refused)])
    expect(conditionOf(status, 'SpecValid')).toMatchObject({ status: 'False', reason: 'Invalid' })
    expect(kstatusOf(1, status)).toBe('Failed')
  })

  it('says the same again when nothing changed, whatever the time', () => {
    const first = report(snapshot(), planWith(), [])
    const again = report(snapshot({ sender: sender({ status: first }), now: later(3_600) }), planWith(), [])
    expect(again).toEqual(first)
  })

  it('moves the transition time only with the status', () => {
    const first = report(snapshot(), planWith(), [])
    const broken = planWith(verdict('WorkerReady', 'False', 'Unavailable'))
    const second = report(snapshot({ sender: sender({ status: first }), now: later(60) }), broken, [])
    expect(conditionOf(second, 'WorkerReady')?.lastTransitionTime).toBe('2026-11-23T12:01:00Z')
    expect(conditionOf(second, 'NatsReady')?.lastTransitionTime).toBe('2026-11-23T12:00:00Z')
  })

  it('stamps a pure suspend at once and keeps what was said', () => {
    const status = report(snapshot(), planWith(), [])
    const suspended = sender({ status, generation: 2, spec: { ...SPEC, suspend: true } })
    const after = report(snapshot({ sender: suspended }), { ...planWith(), stages: [] }, [])
    expect(after.observedGeneration).toBe(2)
    expect(conditionOf(after, 'Suspended')?.status).toBe('True')
    expect(kstatusOf(2, after)).toBe('Current')
  })

  it('goes on telling what is seen while suspended, and waits for nothing that will not be written', () => {
    const ready = report(snapshot(), planWith(), [])
    const suspended = (status: BatchSenderStatus) =>
      snapshot({ sender: sender({ status, generation: 2, spec: { ...SPEC, suspend: true } }) })
    const opened: Plan = {
      ...planWith(),
      proofs: [
        { name: 'nats-tls-adopted', proof: { state: 'Failing', message: 'accepts plain-text clients' } },
      ],
    }
    const open = report(suspended(ready), opened, [])
    expect(open.checks?.[0]).toMatchObject({ state: 'Failing', message: 'accepts plain-text clients' })
    expect(conditionOf(open, 'ProductionReady')?.status).toBe('False')
    expect(kstatusOf(2, open)).toBe('Current')
    const gone = report(suspended(open), planWith(verdict('WorkerReady', 'False', 'Unavailable')), [])
    expect(conditionOf(gone, 'Ready')).toMatchObject({ status: 'False', reason: 'Unavailable' })
    expect(conditionOf(gone, 'Stalled')).toMatchObject({
      reason: 'Suspended',
      message: 'nothing is written while spec.suspend is set: WorkerReady says Unavailable',
    })
    expect(kstatusOf(2, gone)).toBe('Failed')
    expect(kstatusOf(2, report(suspended(gone), planWith(), []))).toBe('Current')
  })

  it('keeps what a write was answered before the suspension, since none is tried again', () => {
    const refused = { state: 'refused', what: 'Deployment w', message: 'no', invalid: false } as const
    const before = report(snapshot(), planWith(), [outcome('WorkerReady', refused)])
    const who = sender({ status: before, generation: 2, spec: { ...SPEC, suspend: true } })
    expect(conditionOf(report(snapshot({ sender: who }), planWith(), []), 'WorkerReady')?.reason).toBe(
      'WriteRefused',
    )
  })

  it('leaves an edit made while suspended behind', () => {
    const status = report(snapshot(), planWith(), [])
    const edited = sender({ status, generation: 2, specHash: 'other', spec: { ...SPEC, suspend: true } })
    const after = report(snapshot({ sender: edited }), planWith(), [])
    expect(after.observedGeneration).toBe(1)
    expect(kstatusOf(2, after)).toBe('InProgress')
    expect(kubectlWaitIsMet(2, after)).toBe(false)
  })

  it('prints a waived check as such', () => {
    const spec = { ...SPEC, readiness: { waive: [{ check: 'nats-tls-adopted', reason: 'lab' }] } }
    const failing: Plan = {
      ...planWith(),
      proofs: [{ name: 'nats-tls-adopted', proof: { state: 'Failing', message: 'x' } }],
    }
    const status = report(snapshot({ sender: sender({ spec }) }), failing, [])
    expect(status.summary?.checks).toBe('0/0, 1 waived')
    expect(conditionOf(status, 'ProductionReady')?.status).toBe('True')
  })

  it('is Ready and at rest while mail does not flow, and tells of that once, and of its end', () => {
    const flowing = report(snapshot(), planWith(), [])
    const stuck = verdict('MailFlowing', 'False', 'Stuck')
    const after = (status: BatchSenderStatus) => snapshot({ sender: sender({ status }) })
    const status = report(after(flowing), planWith(stuck), [])
    expect(conditionOf(status, 'MailFlowing')).toMatchObject({ status: 'False', reason: 'Stuck' })
    expect(conditionOf(status, 'Ready')?.status).toBe('True')
    expect(conditionOf(status, 'Reconciling')).toBeUndefined()
    expect(status.observedGeneration).toBe(1)
    const told = { reason: 'Stuck', message: 'MailFlowing says Stuck' }
    expect(turnsOf(flowing, status)).toEqual([{ type: 'Warning', ...told }])
    expect(turnsOf(status, status)).toEqual([])
    expect(turnsOf(status, report(after(status), planWith(), []))).toEqual([
      { type: 'Normal', reason: 'Flowing', message: 'MailFlowing says Flowing' },
    ])
    const never = verdict('MailFlowing', 'Unknown', 'NotObserved')
    expect(turnsOf(report(snapshot(), planWith(never), []), flowing)).toEqual([])
  })

  it('mirrors the request it handled', () => {
    expect(
      report(snapshot({ sender: sender({ requests: { reconcile: 'now' } }) }), planWith(), [])
        .lastHandledReconcileAt,
    ).toBe('now')
  })

  it('keeps the status contract over any history of verdicts, edits, suspensions and refusals', () => {
    const anyVerdict = (type: ConditionType) =>
      fc
        .record({
          status: fc.constantFrom('True', 'False', 'Unknown'),
          reason: fc.constantFrom(...Object.keys(CONDITIONS[type].reasons)),
        })
        .map(({ status, reason }) => verdict(type, stalls(type, reason) ? 'False' : status, reason))
    const passes = fc.array(
      fc.record({
        verdicts: fc.tuple(...CONDITION_TYPES.map(anyVerdict)),
        edit: fc.boolean(),
        suspend: fc.boolean(),
        refused: fc.option(fc.boolean(), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(passes, (history) => {
        let status: BatchSenderStatus = { observedGeneration: -1 }
        let generation = 1
        let version = 1
        let suspended = false
        history.forEach(({ verdicts, edit, suspend, refused }, index) => {
          if (edit) version += 1
          if (edit || suspend !== suspended) generation += 1
          suspended = suspend
          const spec = { ...SPEC, ...(suspend && { suspend }) }
          const who = sender({ status, generation, spec, specHash: `v${version}` })
          const outcomes =
            refused === undefined
              ? []
              : [
                  outcome('WorkerReady', {
                    state: 'refused',
                    what: 'Deployment w',
                    message: 'no',
                    invalid: refused,
                  }),
                ]
          status = report(
            snapshot({ sender: who, now: later(index) }),
            { stages: [], defects: [], proofs: [], verdicts },
            outcomes,
          )
          expect(contractBreaches(generation, status)).toEqual([])
          const isReady = conditionOf(status, 'Ready')?.status === 'True'
          if (!suspend) {
            expect(kubectlWaitIsMet(generation, status)).toBe(isReady)
            expect(kstatusOf(generation, status) === 'Current').toBe(isReady)
            expect(kstatusOf(generation, status) === 'Failed').toBe(
              conditionOf(status, 'Stalled') !== undefined,
            )
          } else if (kstatusOf(generation, status) === 'Current') {
            expect(status.observedSpecHash).toBe(`v${version}`)
          }
        })
      }),
      { numRuns: 300 },
    )
  })
})

describe('ready for production', () => {
  const proven = { name: 'x', state: 'Proven' as const, message: 'm', since: '2026-01-01T00:00:00Z' }
  it.each([
    { why: 'all is proven', ready: true, checks: [proven], status: 'True', reason: 'Proven' },
    {
      why: 'it does not work as specified',
      ready: false,
      checks: [proven],
      status: 'False',
      reason: 'NotReady',
    },
    {
      why: 'a check fails, which says more',
      ready: false,
      checks: [{ ...proven, state: 'Failing' as const }],
      status: 'False',
      reason: 'CheckNotProven',
    },
  ])('is $status when $why', ({ ready, checks, status, reason }) => {
    expect(productionReady(checks, ready)).toMatchObject({ status, reason })
  })
})

describe('a Secret that is missing from the start', () => {
  it('is a warning, and only once', () => {
    const condition = {
      ...{ type: 'DependenciesReachable', status: 'False' as const, observedGeneration: 1 },
      ...{
        lastTransitionTime: '2026-01-01T00:00:00Z',
        reason: 'SecretNotFound',
        message: 'Secret not found: x',
      },
    }
    const status = { conditions: [condition] }
    expect(turnsOf({}, status)).toEqual([
      { type: 'Warning', reason: 'SecretNotFound', message: 'Secret not found: x' },
    ])
    expect(turnsOf(status, status)).toEqual([])
  })
})

describe('a certificate that only a person can renew', () => {
  it('is a warning once when its end comes near, although all is well', () => {
    const condition = (reason: string): BatchSenderStatus => ({
      conditions: [
        {
          ...{ type: 'NatsTLSReady', status: 'True', observedGeneration: 1, reason, message: 'ends at x' },
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    })
    const warning = { type: 'Warning', reason: 'Ending', message: 'ends at x' }
    expect(turnsOf(condition('Issued'), condition('Ending'))).toEqual([warning])
    expect(turnsOf({}, condition('Ending'))).toEqual([warning])
    expect(turnsOf(condition('Ending'), condition('Ending'))).toEqual([])
  })
})
