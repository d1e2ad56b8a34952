/** Mails that a provider took and then did not send, as SQL: an attempt that has the outcome `rejected` beside its own. */
import { REJECTION_CLASSES, REJECTION_OTHERWISE } from '../domain/delivery.ts'

/** Whether the mail of the attempt in a row of `attempt`, under that name, was dropped. */
export const dropped = (attempt: string): string => `EXISTS (SELECT FROM attempt AS dropped
  WHERE dropped.batch_id = ${attempt}.batch_id AND dropped.seq = ${attempt}.seq AND dropped.attempt = ${attempt}.attempt
    AND dropped.outcome = 'rejected')`

/** Why the mail of an attempt of a row of `recipient` was dropped. */
export const dropCode = (attempt: string): string => `(SELECT dropped.error_code FROM attempt AS dropped
  WHERE dropped.batch_id = recipient.batch_id AND dropped.seq = recipient.seq AND dropped.attempt = ${attempt}
    AND dropped.outcome = 'rejected')`

/** The retry class of such a code. */
export const dropClass = (code: string): string => {
  const cases = REJECTION_CLASSES.map(
    ([words, name]) => `WHEN ${code} ~ '(^|_)(${words})(_|$)' THEN '${name}'`,
  )
  return `CASE ${cases.join(' ')} ELSE '${REJECTION_OTHERWISE}' END`
}
