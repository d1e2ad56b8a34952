/** What hands do here: at the API, at the mail server and in PostgreSQL. */
import { Client } from 'pg'
import type { OnCallSite } from './site.ts'
import { createBatch, recipientsOf } from '../../demo/mail.ts'

export async function send({ endpoints }: OnCallSite, count: number, domain: string): Promise<string> {
  const { id } = await createBatch(endpoints, recipientsOf(count, domain))
  return id
}

export async function behave({ endpoints }: OnCallSite, ...rules: readonly object[]): Promise<void> {
  const { sinkUrl } = endpoints
  const answer = await fetch(`${sinkUrl}/behaviour`, { method: 'POST', body: JSON.stringify({ rules }) })
  if (!answer.ok) throw new Error(`the sink answered ${answer.status}`)
}

export async function cancel({ endpoints }: OnCallSite, batch: string): Promise<void> {
  const { apiUrl, apiToken } = endpoints
  const answer = await fetch(`${apiUrl}/v1/batches/${batch}/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiToken}` },
  })
  if (!answer.ok) throw new Error(`cancel was answered ${answer.status}`)
}

/** A session of somebody else at PostgreSQL, in a transaction. */
export async function session({ here }: OnCallSite): Promise<Client> {
  const client = new Client({
    host: await here.address('postgres'),
    user: 'batchsender',
    database: 'postgres',
    password: await here.secret('postgres-superuser', 'password'),
  })
  await client.connect()
  await client.query('BEGIN')
  return client
}
