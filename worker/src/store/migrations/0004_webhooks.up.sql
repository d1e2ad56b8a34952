-- compatible from 3
-- What providers tell of mails they took. Every message is remembered, so that its repetition changes nothing.
CREATE TABLE webhook_seen (
  provider    text NOT NULL,
  message_id  text NOT NULL,
  type        text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (provider, message_id)
);
CREATE INDEX webhook_seen_age ON webhook_seen (received_at);

-- What was taken from a provider and has not had its effect yet.
CREATE TABLE webhook_inbox (
  id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider            text NOT NULL,
  fact                text NOT NULL,
  happened_at         timestamptz,
  provider_message_id text,
  batch_id            uuid,
  seq                 integer,
  error_code          text,
  suppress            text[] NOT NULL,
  cause               text,
  -- Looks for its recipient that were in vain.
  looks               integer NOT NULL DEFAULT 0,
  due_at              timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_inbox_due ON webhook_inbox (due_at, id);

ALTER TABLE recipient ADD COLUMN delivery text, ADD COLUMN delivery_at timestamptz;

-- What a provider says of its limit, and how far all workers keep below it after it said that it was too much.
ALTER TABLE rate
  ADD COLUMN per_second   double precision,
  ADD COLUMN share        double precision NOT NULL DEFAULT 1,
  ADD COLUMN share_at     timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN closed_until timestamptz NOT NULL DEFAULT now();
