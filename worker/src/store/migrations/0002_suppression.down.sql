UPDATE recipient SET state = 'failed', error_class = 'recipient', error_code = 'suppressed' WHERE state = 'suppressed';
ALTER TABLE recipient DROP CONSTRAINT recipient_state_check, ADD CONSTRAINT recipient_state_check CHECK (state IN
  ('pending', 'sending', 'deferred', 'sent', 'failed', 'uncertain', 'cancelled')) NOT VALID;
DROP TABLE suppression;
