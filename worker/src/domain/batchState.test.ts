import { expect, test } from 'vitest'
import { BATCH_STATES, transition } from './batchState.ts'

test('what has ended is not commanded any more', () => {
  for (const command of ['pause', 'resume', 'cancel'] as const) {
    const { from, to } = transition(command)
    expect(BATCH_STATES).toContain(to)
    for (const ended of ['completed', 'completed_with_failures', 'failed'] as const)
      expect(from).not.toContain(ended)
  }
})
