-- Spelled and folded addresses both stay in the list. Which of the folded ones nobody ever wrote like that is not known any
-- more: a worker of version 7 finds an address as it was spelled or in lower case, and no third way to write it.
DROP TRIGGER suppression_fold ON suppression;
DROP FUNCTION suppression_fold, suppression_strength;
DROP INDEX IF EXISTS suppression_spelled, recipient_by_address, batch_by_tag, chunk_express,
  chunk_published;
DROP TABLE delivery_event;
ALTER TABLE chunk DROP COLUMN express;
ALTER TABLE attempt DROP COLUMN stage, DROP COLUMN reply_code, DROP COLUMN enhanced_code;
ALTER TABLE recipient DROP COLUMN first_tried_at, DROP COLUMN headers;
ALTER TABLE batch DROP COLUMN priority, DROP COLUMN name, DROP COLUMN tags, DROP COLUMN reply_to, DROP COLUMN headers,
  DROP COLUMN resumed_at, DROP COLUMN pause_reason;
