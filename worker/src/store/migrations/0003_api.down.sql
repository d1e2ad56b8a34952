DROP TABLE request_allowance;
DROP INDEX IF EXISTS batch_newest, batch_by_state;
ALTER TABLE batch DROP COLUMN retries, DROP COLUMN retried_at;
