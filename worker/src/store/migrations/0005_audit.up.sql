-- compatible from 4
-- Who did what. A row stays for those who ask the API, whether or not it has been handed over to ClickHouse.
CREATE TABLE audit (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uid        uuid NOT NULL DEFAULT gen_random_uuid(),
  at         timestamptz NOT NULL DEFAULT now(),
  action     text NOT NULL,
  user_id    text NOT NULL,
  resource   text NOT NULL,
  metadata   jsonb NOT NULL,
  ip         text NOT NULL,
  user_agent text NOT NULL,
  handed_at  timestamptz
);
CREATE INDEX audit_waiting ON audit (id) WHERE handed_at IS NULL;
CREATE INDEX audit_age ON audit (at);
CREATE INDEX audit_user ON audit (user_id, id);

-- The boundaries of the inserts by which they are handed over.
CREATE TABLE audit_flush (
  token      uuid PRIMARY KEY,
  ids        bigint[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
