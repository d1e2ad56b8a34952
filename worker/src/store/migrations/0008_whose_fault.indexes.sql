-- Whoever asks what became of an address, over all batches.
CREATE INDEX CONCURRENTLY IF NOT EXISTS recipient_by_address ON recipient (address_norm, batch_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS batch_by_tag ON batch USING gin (tags);
-- The spellings beside a folded address, for lifting them with it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS suppression_spelled ON suppression ((lower(address_norm COLLATE "C") COLLATE "default"))
  WHERE address_norm <> lower(address_norm COLLATE "C") COLLATE "default";
-- What the express lane takes; what waits in the queue, and how much of each batch.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chunk_express ON chunk (due_at) WHERE express IS NOT NULL AND NOT done;
CREATE INDEX CONCURRENTLY IF NOT EXISTS chunk_published ON chunk (published_at) WHERE published_at IS NOT NULL AND NOT done;
