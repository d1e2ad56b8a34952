/** Whether the way to a real PostgreSQL is encrypted, and whether anybody looked who is at its end. */
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
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

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'batchsender-tls-'))
  const { ca, cert, key } = await loopbackCertificate()
  for (const [name, text] of Object.entries({ ca, cert, key })) {
    await writeFile(join(dir, name), text, { mode: 0o600 })
    if (process.getuid?.() === 0 && name !== 'ca') await chown(join(dir, name), NOBODY, NOBODY)
  }
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

async function encryption(more: Partial<DatabaseOptions>, query = '') {
  const database = openDatabase({
    url: `postgresql://postgres@localhost:${postgres.port}/postgres${query}`,
    connections: 1,
    applicationName: 'test',
    onIdleError: () => undefined,
    ...more,
  })
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
