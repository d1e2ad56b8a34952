-- Filters of lists, in the order that they are told in.
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_action ON audit (action, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS suppression_reason ON suppression (reason, address_norm);
