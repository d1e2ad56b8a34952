import { describe, expect, it } from 'vitest'
import { contestedFields, Patience } from './contests.ts'
import { ApiError } from './errors.ts'

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
  it('answers an edit by hand at once, and a fight ever slower', () => {
    const patience = new Patience()
    const pauses = Array.from({ length: 8 }, (_, round) => patience.pauseMs('u', round * 1_000))
    expect(pauses).toEqual([0, 0, 250, 500, 1_000, 2_000, 2_000, 2_000])
    expect(patience.pauseMs('another', 8_000)).toBe(0)
  })

  it('is restored by a minute of peace', () => {
    const patience = new Patience()
    for (let round = 0; round < 5; round += 1) patience.pauseMs('u', round)
    expect(patience.pauseMs('u', 70_000)).toBe(0)
  })
})
