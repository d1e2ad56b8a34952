import { describe, expect, it } from 'vitest'
import { sender, snapshot, SPEC } from '../testing/snapshots.ts'
import { networkEnforced } from './networkEnforced.ts'

describe('networkEnforced', () => {
  it('does not take policies that exist for policies that are enforced', () => {
    expect(networkEnforced.prove(snapshot()).state).toBe('Unknown')
  })

  it('has nothing to prove where there are none', () => {
    const disabled = sender({ spec: { ...SPEC, network: { policies: 'Disabled' } } })
    expect(networkEnforced.prove(snapshot({ sender: disabled })).state).toBe('NotConfigured')
  })
})
