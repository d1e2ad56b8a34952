DROP INDEX IF EXISTS recipient_by_address, chunk_express, chunk_published;
ALTER TABLE chunk DROP COLUMN express;
ALTER TABLE attempt DROP COLUMN stage, DROP COLUMN reply_code, DROP COLUMN enhanced_code;
ALTER TABLE recipient DROP COLUMN first_tried_at, DROP COLUMN headers;
ALTER TABLE batch DROP COLUMN priority, DROP COLUMN name, DROP COLUMN tags, DROP COLUMN reply_to, DROP COLUMN headers,
  DROP COLUMN resumed_at, DROP COLUMN pause_reason;
