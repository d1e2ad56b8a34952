/** A batch counted once, by everything that its recipients are counted by. */
import type { DeliveryFact } from '../domain/delivery.ts'
import type { RecipientCounts, RecipientState } from '../domain/recipientState.ts'
import type { BatchRefusal } from '../http/ports.ts'
import type { Queryable } from './database.ts'
import { countsOf } from '../domain/recipientState.ts'

/** How many recipients have all of these in common: state, delivery, class and code of the last refusal. */
export type Group = readonly [
  state: RecipientState,
  delivery: DeliveryFact | null,
  errorClass: string | null,
  errorCode: string | null,
  count: number,
  firstSeq: number,
]

/** Of the recipients of the batch `$1`: one look at each, and few groups. */
export const GROUPED = `ARRAY(SELECT json_build_array(recipient.state, recipient.delivery, recipient.error_class,
    recipient.error_code, count(*), min(recipient.seq))
  FROM recipient WHERE recipient.batch_id = $1
  GROUP BY recipient.state, recipient.delivery, recipient.error_class, recipient.error_code)`

const MOST_REFUSALS = 10

export const statesOf = (groups: readonly Group[]): RecipientCounts =>
  countsOf(sums(groups, ([state]) => state).map(([state, { count }]) => [state, count]))

export const deliveriesOf = (groups: readonly Group[]): Partial<Record<DeliveryFact, number>> =>
  Object.fromEntries(
    sums(groups, ([, delivery]) => delivery ?? undefined).map(([fact, { count }]) => [fact, count]),
  )

interface Sum {
  readonly count: number
  readonly firstSeq: number
}

function sums<Key extends string>(
  groups: readonly Group[],
  keyOf: (group: Group) => Key | undefined,
): readonly (readonly [Key, Sum])[] {
  const found = new Map<Key, Sum>()
  for (const group of groups) {
    const key = keyOf(group)
    if (key === undefined) continue
    const [, , , , count, firstSeq] = group
    const known = found.get(key) ?? { count: 0, firstSeq }
    found.set(key, { count: known.count + count, firstSeq: Math.min(known.firstSeq, firstSeq) })
  }
  return [...found]
}

/** The most frequent ones, each with the words of one of them. */
export async function refusalsOf(
  database: Queryable,
  batchId: string,
  groups: readonly Group[],
): Promise<readonly BatchRefusal[]> {
  const counted = sums(groups, ([, , errorClass, errorCode]) =>
    errorClass === null || errorCode === null ? undefined : `${errorClass} ${errorCode}`,
  )
  const most = counted.toSorted(([, a], [, b]) => b.count - a.count).slice(0, MOST_REFUSALS)
  if (most.length === 0) return []
  const seqs = most.map(([, { firstSeq }]) => firstSeq)
  const replies = await database.query<{ seq: number } & BatchRefusal['example']>(
    `SELECT DISTINCT ON (seq) seq, stage, reply_code AS "replyCode", enhanced_code AS "enhancedCode", detail AS words
     FROM attempt WHERE batch_id = $1 AND seq = ANY($2) AND outcome <> 'accepted'
     ORDER BY seq, attempt DESC, recorded_at DESC`,
    [batchId, seqs],
  )
  return most.map(([key, { count, firstSeq }]) => {
    const [errorClass = '', errorCode = ''] = key.split(' ')
    const {
      stage = null,
      replyCode = null,
      enhancedCode = null,
      words = null,
    } = replies.find(({ seq }) => seq === firstSeq) ?? {}
    const example = { seq: firstSeq, stage, replyCode, enhancedCode, words }
    return { errorClass, errorCode, recipients: count, example }
  })
}
