-- Whoever asks what became of an address, over all batches.
CREATE INDEX CONCURRENTLY IF NOT EXISTS recipient_by_address ON recipient (address_norm, batch_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS batch_by_tag ON batch USING gin (tags);
