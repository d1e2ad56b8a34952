/** What a migration leaves behind when PostgreSQL does not take it, by the program itself. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseMigrationFault } from '../../crds/migrationFault.ts'
import { renderMigrationSettings } from '../../crds/migrationSettings.ts'
import { run } from '../../hack/cluster/shell.ts'
import {
  startPostgresWithPasswords,
  type PostgresWithPasswords,
} from '../../hack/servers/postgresPasswords.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')
const SECRET = 'canary-password'
let postgres: PostgresWithPasswords
let directory: string

beforeAll(async () => {
  postgres = await startPostgresWithPasswords('right')
  directory = await mkdtemp(join(tmpdir(), 'batchsender-fault-'))
})
afterAll(async () => {
  await postgres.stop()
  await rm(directory, { recursive: true, force: true })
})

/** The address with other parts. */
function changed(change: (url: URL) => void): string {
  const url = new URL(postgres.urlWith('right'))
  change(url)
  return url.href
}

/** As the kubelet does, which makes the file before. */
async function lastWords(postgresUrl: string): Promise<string> {
  const file = join(directory, 'termination-log')
  await writeFile(file, '')
  const env = {
    PATH: process.env['PATH'],
    ...renderMigrationSettings({ postgresUrl }),
    TERMINATION_LOG: file,
  }
  await expect(run(process.execPath, [MAIN, 'migrate'], { env })).rejects.toThrow()
  return readFile(file, 'utf8')
}

test.each<[string, (url: URL) => void, object]>([
  [
    'a wrong password',
    (url) => {
      url.password = SECRET
    },
    { kind: 'credentials', error: 'password authentication failed for user "sender"' },
  ],
  [
    'a user that does not exist',
    (url) => {
      url.username = 'nobody'
    },
    { kind: 'credentials', error: 'password authentication failed for user "nobody"' },
  ],
  [
    'a database that does not exist',
    (url) => {
      url.pathname = '/nowhere'
    },
    { kind: 'refused', error: 'database "nowhere" does not exist' },
  ],
  [
    'a server that is not there',
    (url) => {
      url.port = '1'
    },
    { kind: 'failed', error: 'ECONNREFUSED' },
  ],
])('%s is told, and nothing of the address', async (_, change, says) => {
  const text = await lastWords(changed(change))
  expect(parseMigrationFault(text)).toMatchObject(says)
  expect(text).not.toContain(SECRET)
})

test('an address that is none is told by its kind alone', async () => {
  const text = await lastWords(`postgres://u:${SECRET}@[/x`)
  expect(parseMigrationFault(text)?.kind).toBe('failed')
  expect(text).not.toContain(SECRET)
})

test.each([
  ['no JSON', 'password authentication failed'],
  ['another kind', '{"job":"migration","kind":"fine","error":"x"}'],
  ['more than there is', '{"job":"migration","kind":"refused","error":"x","more":1}'],
  ['too long', JSON.stringify({ job: 'migration', kind: 'refused', error: 'x'.repeat(401) })],
])('%s is not taken for one', (_, text) => {
  expect(parseMigrationFault(text)).toBeUndefined()
})
