-- Recipients in doubt of all batches there ever were, of which few have any.
CREATE INDEX CONCURRENTLY IF NOT EXISTS recipient_tally_uncertain ON recipient_tally (batch_id) INCLUDE (change)
  WHERE state = 'uncertain';
