/** What is told of a batch, by everything that its recipients are counted by. */
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
  /** One that was of the group lately. */
  seq: number,
]

const MOST_REFUSALS = 10

export const statesOf = (groups: readonly Group[]): RecipientCounts =>
  countsOf(sums(groups, ([state]) => state).map(([state, { count }]) => [state, count]))

export const deliveriesOf = (groups: readonly Group[]): Partial<Record<DeliveryFact, number>> =>
  Object.fromEntries(
    sums(groups, ([, delivery]) => delivery ?? undefined).map(([fact, { count }]) => [fact, count]),
  )

interface Sum {
  readonly count: number
  readonly seq: number
}

function sums<Key extends string>(
  groups: readonly Group[],
  keyOf: (group: Group) => Key | undefined,
): readonly (readonly [Key, Sum])[] {
  const found = new Map<Key, Sum>()
  for (const group of groups) {
    const key = keyOf(group)
    if (key === undefined) continue
    const [, , , , count, seq] = group
    const known = found.get(key) ?? { count: 0, seq }
    found.set(key, { count: known.count + count, seq: Math.min(known.seq, seq) })
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
  const replies = await database.query<Example>(EXAMPLES, [
    batchId,
    most.map(([key]) => key.split(' ')[0]),
    most.map(([key]) => key.split(' ')[1]),
    most.map(([, { seq }]) => seq),
  ])
  return most.map(([key, { count, seq }], index) => {
    const [errorClass = '', errorCode = ''] = key.split(' ')
    const reply = replies.find(({ place }) => place === index + 1)
    return { errorClass, errorCode, recipients: count, example: reply?.example ?? { ...UNTOLD, seq } }
  })
}

interface Example extends Record<string, unknown> {
  readonly place: number
  readonly example: BatchRefusal['example']
}

const UNTOLD = { stage: null, replyCode: null, enhancedCode: null, words: null }

/** The one that is named may have become something else since: then another one is looked for. */
const EXAMPLES = `SELECT refusal.place::int, json_build_object('seq', seq, 'stage', stage, 'replyCode', reply_code,
    'enhancedCode', enhanced_code, 'words', detail) AS example
  FROM unnest($2::text[], $3::text[], $4::int[]) WITH ORDINALITY AS refusal (class, code, named, place)
  CROSS JOIN LATERAL (
    SELECT seq FROM (
      SELECT seq FROM recipient WHERE batch_id = $1 AND seq = named AND error_class = class AND error_code = code
      UNION ALL SELECT seq FROM recipient WHERE batch_id = $1 AND error_class = class AND error_code = code) AS found
    LIMIT 1) AS one
  LEFT JOIN LATERAL (
    SELECT stage, reply_code, enhanced_code, detail FROM attempt
    WHERE batch_id = $1 AND attempt.seq = one.seq AND outcome <> 'accepted'
    ORDER BY attempt DESC, recorded_at DESC LIMIT 1) AS said ON true`
