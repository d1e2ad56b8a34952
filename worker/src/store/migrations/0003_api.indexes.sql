CREATE INDEX CONCURRENTLY IF NOT EXISTS batch_newest ON batch (created_at, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS batch_by_state ON batch (state, created_at, id);
