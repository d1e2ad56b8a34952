DROP INDEX IF EXISTS audit_action, suppression_reason;
DROP TABLE witness;
