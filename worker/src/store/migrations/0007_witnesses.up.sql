-- compatible from 4
-- Which workers have looked at what became of their mails since the server was started: until all of them have, nobody
-- claims. A worker that is not heard of any more is waited for until its row ends.
CREATE TABLE witness (
  worker text PRIMARY KEY,
  -- When the server was started, in microseconds since 1970.
  server text NOT NULL,
  until  timestamptz NOT NULL
);
