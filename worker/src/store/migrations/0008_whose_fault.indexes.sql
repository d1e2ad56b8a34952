-- Whoever asks what became of an address, over all batches.
CREATE INDEX CONCURRENTLY IF NOT EXISTS recipient_by_address ON recipient (address_norm, batch_id);
