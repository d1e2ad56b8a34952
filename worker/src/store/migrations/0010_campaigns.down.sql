-- What is open is not sent any more, and nobody could start it; what is being sent ends with what it has.
DROP TRIGGER batch_stays_open ON batch;
DROP FUNCTION batch_stays_open;
UPDATE recipient SET state = 'cancelled', updated_at = now()
  FROM batch WHERE batch.id = recipient.batch_id AND batch.state = 'open' AND recipient.state = 'pending';
UPDATE batch SET state = 'cancelled', updated_at = now(), finished_at = now() WHERE state = 'open';
DROP TABLE refused_recipient, upload_part, upload;
ALTER TABLE batch DROP CONSTRAINT batch_state_check, ADD CONSTRAINT batch_state_check CHECK (state IN
    ('accepted', 'running', 'paused', 'completed', 'completed_with_failures', 'cancelled', 'failed')) NOT VALID,
  DROP COLUMN filling, DROP COLUMN started_at;
