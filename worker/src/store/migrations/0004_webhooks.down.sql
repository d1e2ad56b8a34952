ALTER TABLE rate DROP COLUMN per_second, DROP COLUMN share, DROP COLUMN share_at, DROP COLUMN closed_until;
DROP INDEX IF EXISTS attempt_message;
ALTER TABLE recipient DROP COLUMN delivery, DROP COLUMN delivery_at;
DROP TABLE webhook_inbox, webhook_seen;
