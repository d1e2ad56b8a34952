import { DatabaseError } from 'pg'
import { describe, expect, it } from 'vitest'
import { StatementNames } from './statementNames.ts'

function refusal(code: string, routine?: string): DatabaseError {
  const error = new DatabaseError('refused', 7, 'error')
  error.code = code
  error.routine = routine
  return error
}

describe('names of statements', () => {
  it('are the same for the same text, whoever asks, and fit into an identifier', () => {
    const name = new StatementNames().nameOf('SELECT 1')
    expect(new StatementNames().nameOf('SELECT 1')).toBe(name)
    expect(new StatementNames().nameOf('SELECT 2')).not.toBe(name)
    expect(name).toMatch(/^[a-z_0-9]{1,63}$/)
  })

  it('are others once they are renewed, and stay away once they were given up', () => {
    const names = new StatementNames()
    const before = names.nameOf('SELECT 1')
    names.renew()
    expect(names.nameOf('SELECT 1')).not.toBe(before)
    expect(names.nameOf('SELECT 1')).toBe(names.nameOf('SELECT 1'))
    names.giveUp(refusal('26000'))
    names.renew()
    expect(names.nameOf('SELECT 1')).toBeUndefined()
  })

  it.each([refusal('26000'), refusal('42P05'), refusal('0A000', 'RevalidateCachedQuery')])(
    'are done without after $code',
    (error) => {
      const names = new StatementNames()
      expect(names.giveUp(error)).toBe(true)
      expect(names.nameOf('SELECT 1')).toBeUndefined()
    },
  )

  it.each([refusal('40P01'), refusal('0A000', 'transformStmt'), new Error('26000')])(
    'stay after anything else',
    (error) => {
      const names = new StatementNames()
      expect(names.giveUp(error)).toBe(false)
      expect(names.nameOf('SELECT 1')).toBeDefined()
    },
  )
})
