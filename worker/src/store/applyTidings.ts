/** The effect of a lot of tidings on recipients, attempts and events, in one statement. */
import { DELIVERY_FACTS } from '../domain/delivery.ts'
import { inDoubtBefore, sentBefore } from './doubt.ts'
import { dropClass } from './droppedMails.ts'

const REJECTED = DELIVERY_FACTS.rejected.rank

/**
 * What a recipient becomes: out of doubt, since the provider took its mail or never sent it; `failed` when what was sent
 * was dropped by the provider, unless another attempt has sent, or may have, a mail; and `sent` when a mail that was said to
 * be dropped shows to have reached somebody after all.
 */
const BECOMES = `CASE
    WHEN in_doubt THEN proves
    WHEN was = 'sent' AND proves = 'failed' AND is_news THEN CASE
      WHEN sent_before THEN 'sent' WHEN in_doubt_before THEN 'uncertain' ELSE 'failed' END
    WHEN rank > ${REJECTED} AND (was = 'failed' AND known = 'rejected'
      OR was IN ('pending', 'deferred') AND is_dropped) THEN 'sent'
    ELSE was END`

/**
 * Our mark finds the recipient, or else the id that the provider gave. Of several tidings for one recipient the highest
 * counts. One that is being sent to is only marked: its result, or the end of its lease, is judged by the mark. What is
 * told of a mail that is known to be dropped, or of one before it, says nothing of the mail that followed, unless that
 * it reached somebody. Batches are locked before recipients, as by everybody who ends one or has it run again.
 *
 * Who is to get no more mail is the recipient; whom the event names besides, when it has no mark of ours, or one that was
 * looked for in vain to the last.
 *
 * Parameters: how many, the facts with their ranks and what they prove, whether events are kept, when to look again.
 */
export const APPLY = `
  WITH lot AS MATERIALIZED (
    SELECT * FROM webhook_inbox WHERE due_at <= now() ORDER BY due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED),
  kind AS (SELECT * FROM unnest($2::text[], $3::int[], $4::text[]) AS kind (fact, rank, proves)),
  located AS MATERIALIZED (
    SELECT lot.*, kind.rank, kind.proves, recipient.batch_id AS to_batch, recipient.seq AS to_seq,
      recipient.address, recipient.attempt, COALESCE(about.is_dropped, false) AS is_dropped,
      kind.proves = 'failed' OR COALESCE(recipient.delivery = 'rejected', false) AS may_move,
      kind.rank <= ${REJECTED} AND COALESCE(about.is_dropped OR about.attempt < recipient.attempt, false) AS is_stale
    FROM lot JOIN kind USING (fact)
    LEFT JOIN LATERAL (
      SELECT batch_id, seq FROM attempt
      WHERE lot.batch_id IS NULL AND attempt.provider_message_id = lot.provider_message_id
        AND attempt.provider <> 'smtp' AND attempt.provider = lot.provider LIMIT 1) AS sent ON true
    LEFT JOIN recipient ON recipient.batch_id = COALESCE(lot.batch_id, sent.batch_id)
      AND recipient.seq = COALESCE(lot.seq, sent.seq)
    LEFT JOIN LATERAL (
      SELECT max(attempt.attempt) AS attempt, bool_or(outcome = 'rejected') AS is_dropped FROM attempt
      WHERE attempt.batch_id = recipient.batch_id AND attempt.seq = recipient.seq
        AND attempt.provider_message_id = lot.provider_message_id) AS about ON true),
  batches AS MATERIALIZED (
    SELECT FROM batch WHERE id IN (SELECT to_batch FROM located WHERE may_move) ORDER BY id FOR UPDATE),
  highest AS MATERIALIZED (
    SELECT DISTINCT ON (to_batch, to_seq) * FROM located WHERE to_batch IS NOT NULL AND NOT is_stale
    ORDER BY to_batch, to_seq, rank DESC, id),
  locked AS MATERIALIZED (
    SELECT recipient.batch_id, recipient.seq, recipient.state, recipient.delivery,
      COALESCE(recipient.state = 'uncertain' OR (recipient.state IN ('deferred', 'failed', 'cancelled')
        AND recipient.error_class = 'ambiguous'), false) AS in_doubt,
      ${sentBefore('recipient.attempt')} AS sent_before, ${inDoubtBefore('recipient.attempt')} AS in_doubt_before
    FROM recipient JOIN highest ON recipient.batch_id = highest.to_batch AND recipient.seq = highest.to_seq
    WHERE (SELECT count(*) FROM batches) >= 0
    ORDER BY recipient.batch_id, recipient.seq FOR UPDATE OF recipient),
  ranked AS (
    SELECT highest.*, locked.state AS was, locked.delivery AS known, in_doubt, sent_before, in_doubt_before,
      COALESCE((SELECT kind.rank FROM kind WHERE kind.fact = locked.delivery), 0) < highest.rank AS is_news
    FROM locked JOIN highest ON highest.to_batch = locked.batch_id AND highest.to_seq = locked.seq),
  judged AS (SELECT ranked.*, ${BECOMES} AS becomes FROM ranked),
  changed AS (
    UPDATE recipient SET
      delivery = CASE WHEN is_news THEN fact ELSE delivery END,
      delivery_at = CASE WHEN is_news THEN LEAST(now(), COALESCE(happened_at, now())) ELSE delivery_at END,
      state = becomes,
      provider_message_id = COALESCE(recipient.provider_message_id, judged.provider_message_id),
      error_class = CASE WHEN NOT in_doubt AND becomes = was THEN recipient.error_class
        WHEN becomes = 'failed' THEN ${dropClass('judged.error_code')} WHEN becomes = 'uncertain' THEN 'ambiguous' END,
      error_code = CASE WHEN NOT in_doubt AND becomes = was THEN recipient.error_code
        WHEN becomes IN ('failed', 'uncertain') THEN judged.error_code END,
      updated_at = now()
    FROM judged
    WHERE recipient.batch_id = to_batch AND recipient.seq = to_seq AND (is_news OR in_doubt OR becomes <> was)
    RETURNING recipient.batch_id, recipient.seq, recipient.address, recipient.attempt, recipient.state,
      recipient.worker, recipient.error_class, judged.provider, judged.provider_message_id, judged.error_code,
      proves, in_doubt, is_news, is_dropped, was, in_doubt OR becomes <> was AS is_moved),
  logged AS (
    INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, provider_message_id, error_code)
    SELECT batch_id, seq, attempt, CASE proves WHEN 'sent' THEN 'accepted' ELSE 'rejected' END,
      COALESCE(worker, ''), provider, provider_message_id, error_code
    FROM changed WHERE is_moved OR (proves = 'failed' AND is_news AND was IN ('sending', 'sent')) ON CONFLICT DO NOTHING),
  noted AS (
    INSERT INTO event (batch_id, recipient, event, attempt, provider, provider_message_id, error_class, error_code)
    SELECT batch_id, address, state, attempt, provider, provider_message_id, error_class, error_code
    FROM changed WHERE is_moved AND $5
    UNION ALL
    SELECT to_batch, address, fact, attempt, provider, provider_message_id, NULL, error_code
    FROM located WHERE to_batch IS NOT NULL AND $5),
  kept AS (
    INSERT INTO delivery_event (batch_id, seq, fact, error_code, happened_at)
    SELECT to_batch, to_seq, fact, error_code, happened_at FROM located WHERE to_batch IS NOT NULL ORDER BY id),
  postponed AS (
    UPDATE webhook_inbox SET looks = webhook_inbox.looks + 1,
      due_at = now() + make_interval(secs => ($6::int[])[webhook_inbox.looks + 1])
    FROM located WHERE webhook_inbox.id = located.id AND to_batch IS NULL
      AND located.looks < cardinality($6::int[]) RETURNING webhook_inbox.id),
  finished AS (
    DELETE FROM webhook_inbox WHERE id IN (SELECT id FROM located
      WHERE to_batch IS NOT NULL OR located.looks >= cardinality($6::int[])) RETURNING id),
  unwilling AS (
    SELECT address, cause, error_code FROM located WHERE to_batch IS NOT NULL AND cause IS NOT NULL
    UNION ALL
    SELECT named, cause, error_code FROM located, unnest(suppress) AS named WHERE cause IS NOT NULL AND CASE
      WHEN located.batch_id IS NULL THEN looks = 0
      ELSE to_batch IS NULL AND looks >= cardinality($6::int[]) END)
  SELECT (SELECT count(*)::int FROM lot) AS looked,
    (SELECT count(*)::int FROM located WHERE to_batch IS NULL AND located.looks >= cardinality($6::int[])) AS unknown,
    (SELECT count(*)::int FROM changed WHERE in_doubt) AS healed,
    (SELECT array_agg(DISTINCT batch_id::text) FROM changed WHERE is_moved) AS moved,
    (SELECT json_agg(json_build_object('address', address, 'cause', cause, 'code', error_code)) FROM unwilling)
      AS suppress`
