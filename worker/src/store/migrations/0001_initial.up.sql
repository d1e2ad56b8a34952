-- Batches, their recipients and the way to both of their outboxes.
CREATE TABLE batch (
  id           uuid PRIMARY KEY,
  user_id      text NOT NULL,
  state        text NOT NULL DEFAULT 'accepted' CHECK (state IN
                 ('accepted', 'running', 'paused', 'completed', 'completed_with_failures', 'cancelled', 'failed')),
  sender       text NOT NULL,
  subject      text NOT NULL,
  text_body    text,
  html_body    text,
  recipients   integer NOT NULL,
  duplicates   integer NOT NULL,
  error_class  text,
  error_code   text,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  finished_at  timestamptz
);
CREATE INDEX batch_unfinished ON batch (created_at) WHERE state IN ('accepted', 'running');

-- No foreign key: its check for each of 50,000 rows would cost more than the rows. Room in each page keeps the updates
-- of a send, which touch no index, within it.
CREATE TABLE recipient (
  batch_id            uuid NOT NULL,
  seq                 integer NOT NULL,
  address             text NOT NULL,
  address_norm        text NOT NULL,
  variables           jsonb,
  state               text NOT NULL DEFAULT 'pending' CHECK (state IN
                        ('pending', 'sending', 'deferred', 'sent', 'failed', 'uncertain', 'cancelled')),
  attempt             integer NOT NULL DEFAULT 0,
  tries               integer NOT NULL DEFAULT 0,
  due_at              timestamptz NOT NULL DEFAULT now(),
  lease_until         timestamptz,
  worker              text,
  provider_message_id text,
  error_class         text,
  error_code          text,
  updated_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (batch_id, seq),
  UNIQUE (batch_id, address_norm)
) WITH (fillfactor = 50);

-- Append-only: what was tried, and what came of it.
CREATE TABLE attempt (
  batch_id            uuid NOT NULL,
  seq                 integer NOT NULL,
  attempt             integer NOT NULL,
  outcome             text NOT NULL,
  worker              text NOT NULL,
  provider            text NOT NULL,
  provider_message_id text,
  error_code          text,
  detail              text,
  started_at          timestamptz,
  recorded_at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (batch_id, seq, attempt, outcome)
);

-- The outbox of wake-ups: a stretch of recipients, due when nobody is known to be at it.
CREATE TABLE chunk (
  batch_id     uuid NOT NULL REFERENCES batch ON DELETE CASCADE,
  number       integer NOT NULL,
  first_seq    integer NOT NULL,
  last_seq     integer NOT NULL,
  generation   integer NOT NULL DEFAULT 0,
  -- Set while a wake-up is in the queue and no worker has begun.
  published_at timestamptz,
  due_at       timestamptz NOT NULL DEFAULT now(),
  done         boolean NOT NULL DEFAULT false,
  PRIMARY KEY (batch_id, number)
);
CREATE INDEX chunk_due ON chunk (due_at) WHERE NOT done;

-- The outbox of events, and the boundaries of the inserts it is emptied by: the same rows again under the same token.
CREATE TABLE event (
  id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at                  timestamptz NOT NULL DEFAULT now(),
  batch_id            uuid NOT NULL,
  recipient           text NOT NULL,
  event               text NOT NULL,
  attempt             integer NOT NULL,
  provider            text NOT NULL,
  provider_message_id text,
  error_class         text,
  error_code          text
);
CREATE TABLE event_flush (
  token      uuid PRIMARY KEY,
  ids        bigint[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE idempotency (
  user_id     text NOT NULL,
  key         text NOT NULL,
  fingerprint text NOT NULL,
  status      integer NOT NULL,
  location    text NOT NULL,
  body        text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- One row for each provider account: the bucket that all workers take their tokens from.
CREATE TABLE rate (
  account    text PRIMARY KEY,
  tokens     double precision NOT NULL,
  updated_at timestamptz NOT NULL
);

-- Jobs that only one worker does at a time.
CREATE TABLE lease (
  name   text PRIMARY KEY,
  holder text NOT NULL,
  until  timestamptz NOT NULL
);
