/** Whether the way to a real PostgreSQL is encrypted, and whether anybody looked who is at its end. */
import { chown, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loopbackCertificate } from '../../hack/servers/loopbackCertificate.ts'
import { startPostgres, type PostgresServer } from '../../hack/servers/postgres.ts'
import { openDatabase, type DatabaseOptions } from '../src/store/database.ts'

/** The account that the server runs as, where it is not ours. */
const NOBODY = 65_534
let dir: string
let postgres: PostgresServer

/** Another authority each time, and what the server shows of it. */
async function writeFiles(): Promise<void> {
  const { ca, cert, key } = await loopbackCertificate()
  for (const [name, text] of Object.entries({ ca, cert, key })) {
    await writeFile(join(dir, name), text, { mode: 0o600 })
    if (process.getuid?.() === 0 && name !== 'ca') await chown(join(dir, name), NOBODY, NOBODY)
  }
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'batchsender-tls-'))
  await writeFiles()
  if (process.getuid?.() === 0) await chown(dir, NOBODY, NOBODY)
  const file = (name: string) => join(dir, name)
  postgres = await startPostgres({
    settings: ['fsync=off', 'ssl=on', `ssl_cert_file=${file('cert')}`, `ssl_key_file=${file('key')}`],
  })
})
afterAll(async () => {
  await postgres.stop()
  await rm(dir, { recursive: true, force: true })
})

const open = (more: Partial<DatabaseOptions>, query = '') =>
  openDatabase({
    url: `postgresql://postgres@localhost:${postgres.port}/postgres${query}`,
    connections: 1,
    applicationName: 'test',
    onIdleError: () => undefined,
    ...more,
  })

async function encryption(more: Partial<DatabaseOptions>, query = '') {
  const database = open(more, query)
  try {
    return await database.encryption()
  } finally {
    await database.close()
  }
}

test.each([
  { why: 'with an authority to verify it by', ca: true, query: '', seen: { tls: true, verified: true } },
  {
    why: 'with one in the URL',
    ca: false,
    query: '?sslmode=verify-full&CA',
    seen: { tls: true, verified: true },
  },
  { why: 'by whoever', ca: false, query: '?sslmode=no-verify', seen: { tls: true, verified: false } },
  {
    why: 'by whoever, of which the certificate happens to be good',
    ca: false,
    query: '?sslmode=no-verify&CA',
    seen: { tls: true, verified: false },
  },
  { why: 'without TLS', ca: false, query: '', seen: { tls: false, verified: false } },
])('a connection $why is $seen', async ({ ca, query, seen }) => {
  const rootCert = `sslrootcert=${encodeURIComponent(join(dir, 'ca'))}`
  const withRoot = query.replace('CA', rootCert)
  expect(await encryption(ca ? { caFile: join(dir, 'ca') } : {}, withRoot)).toEqual(seen)
})

test('an authority that is exchanged is believed from the next connection on, and the last one while there is no file', async () => {
  const own = join(dir, 'mounted')
  await copyFile(join(dir, 'ca'), own)
  const [database, other] = [open({ caFile: own }), open({}, '?sslmode=no-verify')]
  const next = async () => {
    await other.query('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()')
    // The pool learns of the end of the one that it kept, or the query does.
    return database.encryption().catch(() => database.encryption())
  }
  try {
    expect(await next()).toEqual({ tls: true, verified: true })
    await rm(own)
    expect(await next()).toEqual({ tls: true, verified: true })
    await writeFiles()
    await other.query('select pg_reload_conf()')
    await expect.poll(() => next().catch(String)).toMatch(/certificate/)
    await copyFile(join(dir, 'ca'), own)
    expect(await next()).toEqual({ tls: true, verified: true })
  } finally {
    await Promise.all([database.close(), other.close()])
  }
})
