-- compatible from 7
-- What a server said and where in the conversation; how long a recipient has been tried; why a batch stands still; and
-- what a batch may carry beside its texts.
ALTER TABLE attempt
  ADD COLUMN stage         text,
  ADD COLUMN reply_code    integer,
  ADD COLUMN enhanced_code text;
ALTER TABLE recipient
  -- By which the age of its refusals is told; begun anew with every run.
  ADD COLUMN first_tried_at timestamptz,
  ADD COLUMN headers        jsonb;
ALTER TABLE batch
  ADD COLUMN priority     text NOT NULL DEFAULT 'bulk',
  ADD COLUMN name         text,
  ADD COLUMN tags         text[] NOT NULL DEFAULT '{}',
  ADD COLUMN reply_to     text,
  ADD COLUMN headers      jsonb,
  -- Waiting in a pause is no age.
  ADD COLUMN resumed_at   timestamptz,
  -- Set when the worker paused it: what dominated its last results.
  ADD COLUMN pause_reason jsonb;
-- Everything that a provider told of a mail: a recipient has only what ranks highest.
CREATE TABLE delivery_event (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  batch_id    uuid NOT NULL,
  seq         integer NOT NULL,
  fact        text NOT NULL,
  error_code  text,
  happened_at timestamptz,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX delivery_event_recipient ON delivery_event (batch_id, seq);
