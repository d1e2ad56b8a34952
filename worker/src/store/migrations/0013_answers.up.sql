-- compatible from 8
-- Requests that a worker answered in the last two minutes; one of the version before tells none.
ALTER TABLE worker_state
  ADD COLUMN answers        integer NOT NULL DEFAULT 0,
  -- Took longer than half a second.
  ADD COLUMN answers_slow   integer NOT NULL DEFAULT 0,
  ADD COLUMN answers_failed integer NOT NULL DEFAULT 0;
