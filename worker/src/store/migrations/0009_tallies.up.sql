-- compatible from 8
-- How many recipients of a batch are in each state, kept with every change, so that nobody counts them: changes of them,
-- several for each group, of which the sum counts and which are folded into one row from time to time. By a trigger,
-- since a worker of the version before writes, too. A statement gives a few rows, however many recipients it changes.
CREATE TABLE recipient_tally (
  batch_id    uuid NOT NULL,
  state       text NOT NULL,
  delivery    text,
  error_class text,
  error_code  text,
  change      bigint NOT NULL,
  -- One that was of the group when the row was written.
  seq         integer NOT NULL,
  folded      boolean NOT NULL DEFAULT false
);
CREATE INDEX recipient_tally_batch ON recipient_tally (batch_id);
CREATE INDEX recipient_tally_unfolded ON recipient_tally (batch_id) WHERE NOT folded;

CREATE FUNCTION recipient_tally() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO recipient_tally (batch_id, state, delivery, error_class, error_code, change, seq)
  SELECT batch_id, state, delivery, error_class, error_code, sum(change), min(seq)
  FROM (SELECT batch_id, state, delivery, error_class, error_code, seq, 1 AS change FROM after
    UNION ALL SELECT batch_id, state, delivery, error_class, error_code, seq, -1 FROM before) AS moved
  GROUP BY batch_id, state, delivery, error_class, error_code HAVING sum(change) <> 0;
  RETURN NULL;
END $$;

CREATE TRIGGER recipient_tally AFTER UPDATE ON recipient REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION recipient_tally();

-- Set by whoever accepts a batch and writes its first tally; the recipients of others are counted as before.
ALTER TABLE batch ADD COLUMN tallied boolean NOT NULL DEFAULT false;
