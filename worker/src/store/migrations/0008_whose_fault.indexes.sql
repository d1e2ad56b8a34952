-- Whoever asks what became of an address, over all batches.
CREATE INDEX CONCURRENTLY IF NOT EXISTS recipient_by_address ON recipient (address_norm, batch_id);
-- What the express lane takes; what waits in the queue, and how much of each batch.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chunk_express ON chunk (due_at) WHERE express IS NOT NULL AND NOT done;
CREATE INDEX CONCURRENTLY IF NOT EXISTS chunk_published ON chunk (published_at) WHERE published_at IS NOT NULL AND NOT done;
