/** Recipients of whom a mail may have gone, as SQL about a row of `recipient`. */
import { dropped } from './droppedMails.ts'

/**
 * Whether some attempt may have sent a mail and was never found out about. A result that came after its lease was lost
 * is logged beside the loss.
 */
export const IN_DOUBT = inDoubt()

/** The same of attempts before one, as SQL. */
export const inDoubtBefore = (attempt: string): string => inDoubt(`AND doubt.attempt < ${attempt}`)

function inDoubt(more = ''): string {
  return `EXISTS (SELECT FROM attempt AS doubt
  WHERE doubt.batch_id = recipient.batch_id AND doubt.seq = recipient.seq AND doubt.outcome IN ('lost', 'ambiguous')
    ${more} AND NOT EXISTS (SELECT FROM attempt AS known
      WHERE known.batch_id = doubt.batch_id AND known.seq = doubt.seq AND known.attempt = doubt.attempt
        AND known.outcome NOT IN ('lost', 'ambiguous')))`
}

/** What ends without a known mail is `ending`, unless one may have gone: then nobody can say so. */
export const unlessInDoubt = (ending: string): string =>
  `CASE WHEN ${IN_DOUBT} THEN 'uncertain' ELSE ${ending} END`

/** Whether an attempt before one is known to have sent a mail: then the recipient has it, whatever came of a later one. */
export const sentBefore = (attempt: string): string => `EXISTS (SELECT FROM attempt AS earlier
  WHERE earlier.batch_id = recipient.batch_id AND earlier.seq = recipient.seq AND earlier.outcome = 'accepted'
    AND earlier.attempt < ${attempt} AND NOT ${dropped('earlier')})`

/**
 * Whether a mail may have gone at some attempt, or another one under its name. It did not where the provider took it and
 * said then that it did not send it, nor where the answer came after the lease was lost: from who held it, since what a
 * person said of a doubt proves nothing.
 */
export const MAY_HAVE_GONE = `EXISTS (SELECT FROM attempt AS gone
  WHERE gone.batch_id = recipient.batch_id AND gone.seq = recipient.seq
    AND (gone.outcome IN ('accepted', 'mismatch') OR gone.outcome IN ('lost', 'ambiguous')
      AND NOT EXISTS (SELECT FROM attempt AS answer
        WHERE answer.batch_id = gone.batch_id AND answer.seq = gone.seq AND answer.attempt = gone.attempt
          AND answer.worker = gone.worker AND answer.outcome NOT IN ('lost', 'ambiguous')))
    AND NOT ${dropped('gone')})`
