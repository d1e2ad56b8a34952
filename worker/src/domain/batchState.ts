/** The states of a batch and what each allows. */

export const BATCH_STATES = [
  'accepted',
  'running',
  'paused',
  'completed',
  'completed_with_failures',
  'cancelled',
  'failed',
] as const

export type BatchState = (typeof BATCH_STATES)[number]

/** What a user may do to a batch. */
export type BatchCommand = 'pause' | 'resume' | 'cancel'

const COMMANDS: Readonly<Record<BatchCommand, { from: readonly BatchState[]; to: BatchState }>> = {
  pause: { from: ['accepted', 'running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  cancel: { from: ['accepted', 'running', 'paused'], to: 'cancelled' },
}

/** @returns the states from which a command applies, and the one it leads to. Repeating a command changes nothing. */
export function transition(command: BatchCommand): { from: readonly BatchState[]; to: BatchState } {
  return COMMANDS[command]
}

/** From where a batch may run again for what failed; a cancelled one was ended by a person. */
export const RETRIED_FROM: readonly BatchState[] = ['completed', 'completed_with_failures', 'failed']
