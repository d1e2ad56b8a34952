-- Lists of batches, batches that run again, and the allowances of those who ask.
-- compatible from 1
ALTER TABLE batch ADD COLUMN retries integer NOT NULL DEFAULT 0, ADD COLUMN retried_at timestamptz;

-- How much of its allowance each client has been given since its window began. Losing it costs nothing but exactness.
CREATE UNLOGGED TABLE request_allowance (
  client  text PRIMARY KEY,
  taken   integer NOT NULL,
  -- Of it, by the statement that wrote the row last, which reads it back.
  granted integer NOT NULL,
  ends_at timestamptz NOT NULL
);
CREATE INDEX request_allowance_end ON request_allowance (ends_at);
