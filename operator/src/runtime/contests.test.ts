import { beforeEach, describe, expect, it } from 'vitest'
import { contestedFields, Patience } from './contests.ts'
import { ApiError, Waiting } from './errors.ts'

const conflict = (...causes: readonly object[]) =>
  new ApiError(409, { kind: 'Status', reason: 'Conflict', details: { causes } })

describe('a conflict', () => {
  it('tells who holds which fields, sorted', () => {
    const held = (manager: string, field: string) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${manager}" using v1 at 2026-11-23T02:00:00Z`,
      field,
    })
    const error = conflict(
      held('kubectl-edit', '.spec.b'),
      held('hpa', '.spec.replicas'),
      held('kubectl-edit', '.spec.a'),
    )
    expect(contestedFields(error)).toEqual([
      { manager: 'kubectl-edit', paths: ['.spec.a', '.spec.b'] },
      { manager: 'hpa', paths: ['.spec.replicas'] },
    ])
  })

  it('of versions is no contest', () => {
    expect(contestedFields(conflict())).toEqual([])
    expect(contestedFields(conflict({ reason: 'UnexpectedServerResponse' }))).toEqual([])
    expect(contestedFields(new ApiError(422, undefined))).toEqual([])
    expect(contestedFields(new Error('lost'))).toEqual([])
  })
})

describe('patience', () => {
  let now: number
  let patience: Patience
  beforeEach(() => {
    now = 0
    patience = new Patience(() => now)
  })
  /** Milliseconds that a round has to wait for; 0 when it may go on. */
  const contest = (uid: string): number => {
    try {
      patience.round(uid).add([])
      patience.settle(uid)
      return 0
    } catch (error) {
      patience.settle(uid)
      return error instanceof Waiting ? error.afterMs : NaN
    }
  }

  it('answers an edit by hand at once, and a fight ever slower', () => {
    const pauses = Array.from({ length: 8 }, () => {
      now += 1_000
      return contest('u')
    })
    expect(pauses).toEqual([0, 0, 250, 500, 1_000, 2_000, 2_000, 2_000])
    expect(contest('another')).toBe(0)
  })

  it('is restored by a minute of peace', () => {
    for (let count = 0; count < 5; count += 1) contest('u')
    now = 70_000
    expect(contest('u')).toBe(0)
  })
})
