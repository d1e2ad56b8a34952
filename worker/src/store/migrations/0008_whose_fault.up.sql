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
-- The order in the express lane, small and urgent batches first; none for those that only the queue wakes.
ALTER TABLE chunk ADD COLUMN express integer;
