/** The states of a batch and what each allows. */

export const BATCH_STATE_WORDS = {
  open: 'takes recipients; nothing of it is sent before it is started',
  accepted: 'taken; nothing of it was begun',
  running: 'recipients wait, are being sent to, or are tried again; with an `errorCode` it is ending',
  paused: 'nothing more is begun before it is resumed: a person wanted it so, or `pauseReason` says why',
  completed: 'nobody is left, and nobody failed or is in doubt',
  completed_with_failures: 'nobody is left; some failed or are in doubt',
  cancelled: 'ended by a person; `finishedAt` comes when nothing of it is under way',
  failed: 'its sender was refused, and nothing of it is under way',
} as const

export type BatchState = keyof typeof BATCH_STATE_WORDS

export const BATCH_STATES = Object.keys(BATCH_STATE_WORDS) as readonly BatchState[]

/** What a user may do to a batch. */
export type BatchCommand = 'pause' | 'resume' | 'cancel'

const COMMANDS: Readonly<Record<BatchCommand, { from: readonly BatchState[]; to: BatchState }>> = {
  pause: { from: ['accepted', 'running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  cancel: { from: ['open', 'accepted', 'running', 'paused'], to: 'cancelled' },
}

/** @returns the states from which a command applies, and the one it leads to. Repeating a command changes nothing. */
export function transition(command: BatchCommand): { from: readonly BatchState[]; to: BatchState } {
  return COMMANDS[command]
}

/** From where a batch may run again for what failed; a cancelled one was ended by a person. */
export const RETRIED_FROM: readonly BatchState[] = ['completed', 'completed_with_failures', 'failed']
