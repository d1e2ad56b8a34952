-- compatible from 8
-- What PostgreSQL gathers of batch_id knows the batches of the past and says of a new one that it has no recipients
-- (selfuncs.c, var_eq_const: whatever is not among the most common values shares what these leave). With one row
-- expected, an index on the whole batch is as good as the one on a stretch of it, and each claim read its batch from end
-- to end, until the table was analysed again: after another tenth of it, by default. Without statistics a batch is taken
-- for a 200th of the table. To set the type that it has removes what was gathered and rewrites nothing.
ALTER TABLE recipient ALTER COLUMN batch_id TYPE uuid, ALTER COLUMN batch_id SET STATISTICS 0;
ALTER TABLE chunk ALTER COLUMN batch_id TYPE uuid, ALTER COLUMN batch_id SET STATISTICS 0;
