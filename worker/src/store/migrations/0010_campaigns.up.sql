-- compatible from 8
-- Batches that are opened first and get their recipients afterwards, in uploads that can be taken up again.
-- Not validated: whatever the narrower check let in satisfies this one.
ALTER TABLE batch DROP CONSTRAINT batch_state_check, ADD CONSTRAINT batch_state_check CHECK (state IN
    ('open', 'accepted', 'running', 'paused', 'completed', 'completed_with_failures', 'cancelled', 'failed')) NOT VALID,
  -- While recipients may be added. One that is sent meanwhile is `accepted`, `running` or `paused` like any other.
  ADD COLUMN filling    boolean NOT NULL DEFAULT false,
  -- When it was said to be complete; NULL of one that was accepted with its recipients.
  ADD COLUMN started_at timestamptz;

-- A worker of version 8 knows of no batch that goes on when all it has has been sent. Newer ones do not come to this.
CREATE FUNCTION batch_stays_open() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER batch_stays_open BEFORE UPDATE OF state ON batch FOR EACH ROW
  WHEN (OLD.filling AND NEW.filling AND NEW.state IN ('completed', 'completed_with_failures'))
  EXECUTE FUNCTION batch_stays_open();

-- What was taken of a batch's rows, over all requests.
CREATE TABLE upload (
  batch_id uuid PRIMARY KEY REFERENCES batch ON DELETE CASCADE,
  rows     integer NOT NULL DEFAULT 0,
  refused  integer NOT NULL DEFAULT 0,
  -- The request that may add to it: the one that began last.
  holder   uuid,
  -- Of that request: its line of the audit log with the figures from which it began, until the line is written.
  entry    jsonb
);
-- By which rows that are given again are recognised, until the batch is complete.
CREATE TABLE upload_part (
  batch_id  uuid NOT NULL,
  first_row integer NOT NULL,
  rows      integer NOT NULL,
  digest    text NOT NULL,
  PRIMARY KEY (batch_id, first_row)
);
-- The first of them; how many there are is told by `upload`.
CREATE TABLE refused_recipient (
  batch_id uuid NOT NULL,
  row      integer NOT NULL,
  errors   jsonb NOT NULL,
  PRIMARY KEY (batch_id, row)
);
