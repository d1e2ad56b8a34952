-- compatible from 4
-- Chunks whose handling fails again and again are put aside until a person has them tried again.
ALTER TABLE chunk
  ADD COLUMN failures integer NOT NULL DEFAULT 0,
  ADD COLUMN failure  text,
  ADD COLUMN dead_at  timestamptz;
