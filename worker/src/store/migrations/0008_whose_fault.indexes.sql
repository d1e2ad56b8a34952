-- Whoever asks what became of an address, over all batches.
CREATE INDEX CONCURRENTLY IF NOT EXISTS recipient_by_address ON recipient (address_norm, batch_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS batch_by_tag ON batch USING gin (tags);
-- The spellings beside a folded address, for lifting them with it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS suppression_spelled ON suppression ((lower(address_norm COLLATE "C") COLLATE "default"))
  WHERE address_norm <> lower(address_norm COLLATE "C") COLLATE "default";
