import { describe, expect, it } from 'vitest'
import { FULL, QUICK } from './durations.ts'
import { settingsOf } from './settings.ts'

const settings = (environment: Readonly<Record<string, string>> = {}) => settingsOf(environment, '/profiles')

describe('the settings of the benchmark', () => {
  it('are quick, with everybody, and long scenarios for ours alone', () => {
    const standard = settings({ ONLY: '', FULL: '' })
    expect(standard).toMatchObject({ count: 100, rounds: 3, durations: QUICK, documents: false })
    expect(standard.contestants.length).toBeGreaterThan(10)
    expect(standard.forOurs).toEqual(['handover', 'faults', 'foreignSecrets'])
  })

  it('are full on demand, for everybody, and go into the documentation', () => {
    expect(settings({ FULL: '1' })).toMatchObject({ durations: FULL, documents: true, forOurs: [] })
  })

  it('choose contestants, scenarios and faults, and say how to repeat that', () => {
    const chosen = settings({ N: '10', ONLY: 'kopf,ours', SCENARIOS: 'faults', FAULTS: 'reset' })
    expect(chosen.contestants.map(({ name }) => name)).toEqual(['ours', 'kopf'])
    expect(chosen).toMatchObject({ scenarios: ['faults'], faults: ['reset'], forOurs: [] })
    expect(chosen.command).toBe('make bench-operator N=10 ONLY=kopf,ours SCENARIOS=faults FAULTS=reset')
  })

  it.each([{ N: '0' }, { ROUNDS: 'x' }, { ONLY: 'nobody' }, { SCENARIOS: 'none' }])('refuse %o', (wrong) => {
    expect(() => settings(wrong as Record<string, string>)).toThrow(Object.keys(wrong)[0])
  })
})
