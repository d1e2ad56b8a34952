/** A PostgreSQL that asks everybody but its superuser for a password, as real ones do. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { startPostgres, type PostgresServer } from './postgres.ts'

const HBA = 'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n'

export interface PostgresWithPasswords extends PostgresServer {
  /** For the user `sender`, who owns the database `mails`. */
  urlWith(password: string): string
}

/** @param password that is right */
export async function startPostgresWithPasswords(password: string): Promise<PostgresWithPasswords> {
  const directory = await mkdtemp(join(tmpdir(), 'batchsender-hba-'))
  await chmod(directory, 0o755)
  const file = join(directory, 'pg_hba.conf')
  await writeFile(file, HBA)
  const postgres = await startPostgres({ settings: ['fsync=off', `hba_file=${file}`] })
  const client = new Client({ connectionString: postgres.url })
  await client.connect()
  await client.query(`CREATE ROLE sender LOGIN PASSWORD '${password}'`)
  await client.query('CREATE DATABASE mails OWNER sender')
  await client.end()
  return {
    ...postgres,
    urlWith: (given) => `postgres://sender:${given}@127.0.0.1:${postgres.port}/mails`,
    stop: async () => {
      await postgres.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
