-- compatible from 8
-- What each worker has seen of the provider lately: whoever asks one of them hears of all. Losing it costs seconds.
CREATE TABLE worker_state (
  worker       text PRIMARY KEY,
  heard_at     timestamptz NOT NULL,
  -- Of the last two minutes.
  attempts     integer NOT NULL,
  refused      integer NOT NULL,
  -- The class that most of them were refused with.
  most_refused text,
  -- While nothing goes through, since when, the last refusal and why.
  closed_since timestamptz,
  closed_last  timestamptz,
  closed_class text,
  closed_code  text,
  closed_reply integer,
  -- When it turned a forged webhook away last.
  forged_at    timestamptz
);

-- Batches of which something is due, with how many recipients were left when that changed last.
CREATE TABLE standstill (
  batch_id    uuid PRIMARY KEY,
  remaining   bigint NOT NULL,
  since       timestamptz NOT NULL,
  -- At the last look, to half a minute.
  compared_at timestamptz NOT NULL DEFAULT now()
);
