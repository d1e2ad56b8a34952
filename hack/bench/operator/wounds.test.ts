import { describe, expect, it } from 'vitest'
import type { AuditEntry } from '../../servers/auditLog.ts'
import { duplicatesOf } from './scenarios/faults.ts'
import { blindSecondsOf, type Wound } from './wounds.ts'

const wound = (at: number, healedAt: number | undefined, child = 'secrets/one'): Wound => ({
  child,
  at,
  healedAt,
})

describe('the seconds of blindness', () => {
  it('count from the end of the fault, or from a later deletion', () => {
    expect(blindSecondsOf([wound(0, 900), wound(500, 3_000), wound(4_000, 5_500)], 1_000)).toBe(2)
  })

  it('are none where all was healed before the fault was over', () => {
    expect(blindSecondsOf([wound(0, 900)], 1_000)).toBe(0)
  })

  it('have no end where something was not healed', () => {
    expect(blindSecondsOf([wound(0, undefined)], 1_000)).toBeUndefined()
  })
})

describe('duplicate writes', () => {
  const entry = (name: string, code = 200, verb = 'patch'): AuditEntry => ({
    auditID: name,
    verb,
    requestReceivedTimestamp: '',
    user: { username: 'ours' },
    objectRef: { resource: 'secrets', name },
    responseStatus: { code },
  })

  it('are those beyond one for each deletion', () => {
    expect(duplicatesOf([wound(0, 1), wound(2, 3)], [entry('one'), entry('one')])).toBe(0)
    expect(duplicatesOf([wound(0, 1)], [entry('one'), entry('one'), entry('other')])).toBe(2)
  })

  it('are no reads, and nothing that the server refused', () => {
    expect(duplicatesOf([], [entry('one', 429), entry('one', 409), entry('one', 200, 'get')])).toBe(0)
  })
})
