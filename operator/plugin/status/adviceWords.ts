/** What is told in several places of what to do next. Pure. */

export interface Advice {
  /** What a person does, as a command to them. `NAME` stands for the BatchSender, `NAMESPACE` for where it is. */
  readonly next: string
  /** Below docs/. */
  readonly page?: string
}

/** The reason of a condition that is as it should be. */
export const NOTHING = 'nothing to do'
export type Advised = Advice | typeof NOTHING

export const to = (next: string, page?: string): Advice => (page === undefined ? { next } : { next, page })

export const OPERATOR_LOG =
  'Read the log of the operator: kubectl batchsender support-bundle NAME collects it.'

export const ANY = {
  NameConflict: to(
    'Remove the object that the message names or rename the BatchSender; one of ours that lost its owner is taken back with an annotation.',
    'ownership.md',
  ),
  WriteRefused: to(
    'Change what the message of the API server names: a quota, an admission policy or the spec.',
    'ownership.md',
  ),
  WriteFailed: to(
    'See whether the API server is well; the operator tries again by itself.',
    'runbooks/operator-failing.md',
  ),
  Blocked: to(
    'Find who holds or changes the object that the message names, and stop them; managedFields of it say who.',
    'ownership.md',
  ),
  InternalError: to(OPERATOR_LOG, 'runbooks/operator-failing.md'),
} as const

export const DEPENDENT = {
  ...ANY,
  Waiting: to(
    'Look at the condition of what it waits for, further up in this list.',
    'runbooks/not-ready.md',
  ),
} as const

export const CREDENTIALS = to(
  'Put the right credentials into the Secret and keys that the message names.',
  'operator.md#credentials-that-turn-wrong',
)
export const LOSS = to(
  'Restore the rows that the message counts, or accept the loss with its annotation.',
  'backup.md#when-rows-are-gone',
)
export const PODS = to(
  'Read why pods do not run: kubectl batchsender logs NAME, and kubectl -n NAMESPACE describe pods -l app.kubernetes.io/instance=NAME.',
  'runbooks/not-ready.md',
)
export const WAIT_A_MOMENT = to(
  'Wait: it is under way. kubectl batchsender status NAME --watch shows when it is done.',
)
export const LOOK_AGAIN = to(
  'Ask for a look: kubectl annotate --overwrite bs NAME batchsender.io/requestedAt="$(date)".',
  'runbooks/not-ready.md',
)
