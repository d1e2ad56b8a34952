/** What is true of batches at any moment, whatever happened to the workers. Each gives faults, in words with the rows. */
import type { AttemptRow, BatchRow, RecipientRow, Snapshot } from './snapshot.ts'
import { attemptsByRecipient, keyOf } from './snapshot.ts'

/** What the history did and saw, beside the rows. */
export interface Evidence {
  /** How many mails of each address the sink took. */
  readonly taken: ReadonlyMap<string, number>
  /** Whether a refusal of a class was ever in force for an address. */
  readonly refused: (address: string, retryClass: 'recipient' | 'sender') => boolean
  /** Whether the sender of a batch was refused in a run of it. */
  readonly senderRefused: (batchId: string, run: number) => boolean
  /** How often somebody said of an address that it may get a second mail. */
  readonly sentAgain: (address: string) => number
  readonly suppressed: (address: string) => boolean
}

const ENDED = new Set(['completed', 'completed_with_failures', 'cancelled', 'failed'])
const OPEN = new Set(['pending', 'deferred', 'sending'])
export const BY_HAND = 'resolved_by_hand'

export function faultsOfBatches({ batches, recipients }: Snapshot, evidence: Evidence): readonly string[] {
  const byBatch = Map.groupBy(recipients, ({ batch_id: id }) => id)
  return batches.flatMap((batch) => {
    const own = byBatch.get(batch.id) ?? []
    const rules = [...rulesOfEnd(batch, own), ...rulesOfRefusal(batch, evidence)]
    return rules.flatMap(([fault, what]) =>
      fault ? [`batch ${JSON.stringify(batch)} ${what}: ${JSON.stringify(statesOf(own))}`] : [],
    )
  })
}

type Rules = readonly (readonly [fault: boolean, what: string])[]

function rulesOfEnd(
  { state, recipients, finished_at: finishedAt }: BatchRow,
  own: readonly RecipientRow[],
): Rules {
  const has = (...states: readonly string[]) => own.some((one) => states.includes(one.state))
  // One that is cancelled is so at once, and finished when nothing is under way.
  const isFinished = ENDED.has(state) && (state !== 'cancelled' || finishedAt !== null)
  return [
    [own.length !== recipients, `has ${own.length} recipients`],
    [finishedAt !== null && has(...OPEN), 'is finished with recipients under way'],
    [(finishedAt !== null) !== isFinished, 'tells its end wrong'],
    [state === 'completed' && has('failed', 'uncertain'), 'is completed with failures'],
    [state === 'completed_with_failures' && !has('failed', 'uncertain'), 'has no failures'],
    [state !== 'cancelled' && has('cancelled'), 'has cancelled recipients'],
  ]
}

function rulesOfRefusal(
  { id, state, retries, error_class: errorClass }: BatchRow,
  evidence: Evidence,
): Rules {
  const isForeign = errorClass !== null && !evidence.senderRefused(id, retries)
  return [
    [state === 'failed' && errorClass === null, 'failed without a reason'],
    [state !== 'cancelled' && isForeign, 'fails for a refusal of another run'],
  ]
}

export const statesOf = (recipients: readonly RecipientRow[]): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(recipients, ({ state }) => state)].map(([state, own]) => [state, own.length]),
  )

/**
 * @param before rows that were read before the sink was asked: what they say was sent was taken
 * @param after rows that were read afterwards: what was taken is known to them
 */
export function faultsOfRecipients(before: Snapshot, after: Snapshot, evidence: Evidence): readonly string[] {
  return [...faultsOfSent(before, evidence), ...faultsOfTaken(after, evidence)]
}

function faultsOfSent({ recipients, attempts }: Snapshot, { taken }: Evidence): readonly string[] {
  const tried = attemptsByRecipient(attempts)
  return recipients.flatMap((recipient) => {
    const own = tried.get(keyOf(recipient)) ?? []
    const accepted = own.filter(({ outcome, error_code: code }) => outcome === 'accepted' && code !== BY_HAND)
    const count = taken.get(recipient.address) ?? 0
    const isByHand = own.some(({ outcome, error_code: code }) => outcome === 'accepted' && code === BY_HAND)
    const rules: readonly (readonly [fault: boolean, what: string])[] = [
      [recipient.state === 'sent' && count === 0 && !isByHand, 'is sent and was never taken'],
      [accepted.length > count, `was taken ${count} times, with more attempts that say so`],
      [recipient.state === 'sent' && accepted.length === 0 && !isByHand, 'is sent and no attempt says so'],
    ]
    return told(recipient, own, rules)
  })
}

function faultsOfTaken(snapshot: Snapshot, evidence: Evidence): readonly string[] {
  const tried = attemptsByRecipient(snapshot.attempts)
  const batches = new Map(snapshot.batches.map((batch) => [batch.id, batch]))
  return snapshot.recipients.flatMap((recipient) => {
    const own = tried.get(keyOf(recipient)) ?? []
    const batch = batches.get(recipient.batch_id)
    return told(recipient, own, [
      ...rulesOfTaken(recipient, own, evidence),
      ...rulesOfState(recipient, own, evidence, batch),
    ])
  })
}

function rulesOfTaken(recipient: RecipientRow, own: readonly AttemptRow[], evidence: Evidence): Rules {
  const { state, address } = recipient
  const count = evidence.taken.get(address) ?? 0
  const isSaidToHaveFailed = own.some(
    ({ outcome, error_code: code }) => outcome === 'recipient' && code === BY_HAND,
  )
  const isKnown = ['sent', 'uncertain', 'sending'].includes(state) || isSaidToHaveFailed
  // Who is to be sent to once more waits as everybody does.
  const isAgain =
    ['pending', 'deferred'].includes(state) && evidence.sentAgain(address) > 0 && own.some(isDoubt)
  return [
    [count > 0 && !isKnown && !isAgain, `is ${state} and was taken`],
    [
      count > 1 && (count > 1 + evidence.sentAgain(address) || !own.some(isDoubt)),
      `was taken ${count} times`,
    ],
  ]
}

function rulesOfState(
  recipient: RecipientRow,
  own: readonly AttemptRow[],
  evidence: Evidence,
  batch: BatchRow | undefined,
): Rules {
  const { state, address } = recipient
  return [
    [state === 'uncertain' && !own.some(isDoubt), 'is uncertain without a doubt'],
    [isFailedWrongly(recipient, evidence), 'failed for what nobody said of it'],
    [state === 'suppressed' && !evidence.suppressed(address), 'is suppressed and never was on the list'],
    [state === 'cancelled' && batch?.state !== 'cancelled', 'is cancelled alone'],
  ]
}

/** Everything else is tried again for hours, which no history has. */
function isFailedWrongly(
  { state, address, error_class: errorClass, error_code: code }: RecipientRow,
  evidence: Evidence,
): boolean {
  if (state !== 'failed' || code === BY_HAND) return false
  return !((errorClass === 'recipient' || errorClass === 'sender') && evidence.refused(address, errorClass))
}

export const isDoubt = ({ outcome }: AttemptRow): boolean => outcome === 'lost' || outcome === 'ambiguous'

const told = (recipient: RecipientRow, own: readonly AttemptRow[], rules: Rules): readonly string[] =>
  rules.flatMap(([fault, what]) =>
    fault ? [`${JSON.stringify(recipient)} ${what}; attempts ${JSON.stringify(own)}`] : [],
  )

/** Attempts are added, and nothing else. */
export function faultsOfAttempts(earlier: Snapshot, later: Snapshot): readonly string[] {
  const rows = new Map(later.attempts.map((one) => [nameOf(one), JSON.stringify(one)]))
  return earlier.attempts.flatMap((one) => {
    const now = rows.get(nameOf(one))
    return now === JSON.stringify(one) ? [] : [`attempt ${JSON.stringify(one)} became ${now ?? 'nothing'}`]
  })
}

const nameOf = ({ batch_id: id, seq, attempt, outcome }: AttemptRow): string =>
  `${id}:${seq}:${attempt}:${outcome}`
