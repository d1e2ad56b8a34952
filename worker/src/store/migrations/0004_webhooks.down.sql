DROP INDEX attempt_message;
ALTER TABLE recipient DROP COLUMN delivery, DROP COLUMN delivery_at;
DROP TABLE webhook_inbox, webhook_seen;
