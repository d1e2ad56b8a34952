-- Addresses that nothing is sent to, and the state of recipients that were left out for it.
-- compatible from 1
CREATE TABLE suppression (
  address_norm text PRIMARY KEY,
  reason       text NOT NULL CHECK (reason IN ('bounce', 'complaint', 'unsubscribe', 'manual')),
  detail       text NOT NULL DEFAULT '',
  created_at   timestamptz NOT NULL DEFAULT now()
);

-- Not validated: whatever the narrower check let in satisfies this one, and a scan would lock a large table.
ALTER TABLE recipient DROP CONSTRAINT recipient_state_check, ADD CONSTRAINT recipient_state_check CHECK (state IN
  ('pending', 'sending', 'deferred', 'sent', 'failed', 'uncertain', 'cancelled', 'suppressed')) NOT VALID;
