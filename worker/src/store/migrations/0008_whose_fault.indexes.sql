-- Whoever asks what became of an address, over all batches.
CREATE INDEX CONCURRENTLY IF NOT EXISTS recipient_by_address ON recipient (address_norm, batch_id);
-- The spellings beside a folded address, for lifting them with it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS suppression_spelled ON suppression ((lower(address_norm COLLATE "C") COLLATE "default"))
  WHERE address_norm <> lower(address_norm COLLATE "C") COLLATE "default";
