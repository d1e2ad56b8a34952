ALTER TABLE chunk DROP COLUMN failures, DROP COLUMN failure, DROP COLUMN dead_at;
