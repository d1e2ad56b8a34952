-- compatible from 7
-- What a server said and where in the conversation; how long a recipient has been tried; why a batch stands still; and
-- what a batch may carry beside its texts.

-- A mailbox is one however its letters are written: beside each address of the list that is not in lower case stands the
-- folded one from now on, with the strongest of their reasons. The spellings stay. A worker of version 7 compares what it
-- was given, to the letter, and so finds whatever it found, while it still runs and after a way back; a newer one reads
-- the folded rows alone, writes the spelling beside them, and lifts both. What the older one writes is folded by the
-- trigger. What it lifts is lifted for itself only: rather a mail too few.
-- Folded are ASCII letters, which is all there are, whatever language the database sorts by.
CREATE FUNCTION suppression_strength(reason text) RETURNS integer LANGUAGE sql IMMUTABLE AS
  $$ SELECT array_position(ARRAY['manual', 'bounce', 'unsubscribe', 'complaint'], reason) $$;
CREATE FUNCTION suppression_fold() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO suppression (address_norm, reason, detail, created_at)
  VALUES (lower(NEW.address_norm COLLATE "C"), NEW.reason, NEW.detail, NEW.created_at)
  ON CONFLICT (address_norm) DO UPDATE SET reason = EXCLUDED.reason, detail = EXCLUDED.detail
  WHERE suppression_strength(EXCLUDED.reason) > suppression_strength(suppression.reason);
  RETURN NULL;
END $$;

-- The list may be long and is in use: first what is there, while everybody goes on writing, then the trigger, for which
-- writers wait, and what came in between, which a scan of the list finds. Claims only read it and never wait. It comes
-- before the tables below are locked.
INSERT INTO suppression (address_norm, reason, detail, created_at)
SELECT DISTINCT ON (folded) folded, reason, detail, created_at
FROM (SELECT lower(address_norm COLLATE "C") AS folded, * FROM suppression) AS spelled WHERE address_norm <> folded
ORDER BY folded, suppression_strength(reason) DESC
ON CONFLICT (address_norm) DO UPDATE SET reason = EXCLUDED.reason, detail = EXCLUDED.detail
WHERE suppression_strength(EXCLUDED.reason) > suppression_strength(suppression.reason);

CREATE TRIGGER suppression_fold AFTER INSERT OR UPDATE ON suppression FOR EACH ROW
  WHEN (NEW.address_norm <> lower(NEW.address_norm COLLATE "C")) EXECUTE FUNCTION suppression_fold();

INSERT INTO suppression (address_norm, reason, detail, created_at)
SELECT DISTINCT ON (folded) folded, reason, detail, created_at
FROM (SELECT lower(address_norm COLLATE "C") AS folded, * FROM suppression) AS spelled
WHERE address_norm <> folded AND NOT EXISTS (
  SELECT FROM suppression AS present WHERE present.address_norm = folded COLLATE "default"
    AND suppression_strength(present.reason) >= suppression_strength(spelled.reason))
ORDER BY folded, suppression_strength(reason) DESC
ON CONFLICT (address_norm) DO UPDATE SET reason = EXCLUDED.reason, detail = EXCLUDED.detail
WHERE suppression_strength(EXCLUDED.reason) > suppression_strength(suppression.reason);

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
-- The order in the express lane, small and urgent batches first; none for those that only the queue wakes.
ALTER TABLE chunk ADD COLUMN express integer;
