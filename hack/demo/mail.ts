/** Sends a batch through the API and accounts for every recipient at the SMTP sink. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Endpoints {
  readonly apiUrl: string
  readonly apiToken: string
  readonly sinkUrl: string
}

export interface BatchView {
  readonly id: string
  readonly state: string
  readonly counts: Readonly<Record<string, number>>
}

export interface Account {
  readonly batch: BatchView
  readonly recipients: number
  /** Recipients of this batch that the sink has, each counted once. */
  readonly distinct: number
  readonly duplicates: number
  readonly uncertain: number
  readonly seconds: number
}

export interface Patience {
  readonly deadlineMs?: number
  /** Is told how it goes. */
  readonly tell?: (line: string) => void
}

const silent = () => undefined

const ENDED = new Set(['completed', 'completed_with_failures', 'cancelled', 'failed'])

/** The domain tells the mails of one run from those of all others. */
export function recipientsOf(count: number, run: string): string[] {
  return Array.from({ length: count }, (_, index) => `user${index + 1}@${run}.example.com`)
}

export async function createBatch(
  { apiUrl, apiToken }: Endpoints,
  addresses: readonly string[],
): Promise<BatchView> {
  const response = await fetch(`${apiUrl}/v1/batches`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiToken}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({
      from: 'orders@example.com',
      subject: 'Your order, {{name}}',
      text: 'Hello {{name}}, your order is on its way.',
      recipients: addresses.map((address, index) => ({
        address,
        variables: { name: `customer ${index + 1}` },
      })),
    }),
    signal: AbortSignal.timeout(30_000),
  })
  if (response.status !== 202)
    throw new Error(`the API answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as BatchView
}

export async function readBatch({ apiUrl, apiToken }: Endpoints, id: string): Promise<BatchView> {
  const response = await fetch(`${apiUrl}/v1/batches/${id}`, {
    headers: { authorization: `Bearer ${apiToken}` },
    signal: AbortSignal.timeout(10_000),
  })
  if (!response.ok) throw new Error(`the API answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as BatchView
}

/** Waits until something answers there: the rules behind a Service's address follow its pods with a delay. */
export async function untilServed(url: string, deadlineMs = 180_000): Promise<void> {
  const until = Date.now() + deadlineMs
  for (;;) {
    try {
      await fetch(url, { signal: AbortSignal.timeout(1_000) })
      return
    } catch (error) {
      if (Date.now() > until) throw new Error(`nothing answers at ${url}`, { cause: error })
      await sleep(200)
    }
  }
}

/** How often each address of a run arrived. */
export async function arrivals({ sinkUrl }: Endpoints, run: string): Promise<Map<string, number>> {
  const text = await (
    await fetch(`${sinkUrl}/messages?after=0`, { signal: AbortSignal.timeout(30_000) })
  ).text()
  const counts = new Map<string, number>()
  for (const line of text.split('\n').filter((one) => one.includes(`@${run}.`))) {
    const { recipient } = JSON.parse(line) as { recipient: string }
    counts.set(recipient, (counts.get(recipient) ?? 0) + 1)
  }
  return counts
}

/** @throws Error when the batch does not end in time. */
export async function sendAndAccount(
  endpoints: Endpoints,
  count: number,
  { deadlineMs = 480_000, tell = silent }: Patience = {},
): Promise<Account> {
  const run = `r${randomUUID().slice(0, 8)}`
  const startedAt = Date.now()
  const { id } = await createBatch(endpoints, recipientsOf(count, run))
  tell(`batch ${id}: accepted ${count} recipients`)
  const batch = await untilEnded(endpoints, id, startedAt + deadlineMs, tell)
  const arrived = await arrivals(endpoints, run)
  return {
    batch,
    recipients: count,
    distinct: arrived.size,
    duplicates: [...arrived.values()].reduce((sum, times) => sum + times - 1, 0),
    uncertain: batch.counts['uncertain'] ?? 0,
    seconds: (Date.now() - startedAt) / 1000,
  }
}

export async function untilEnded(
  endpoints: Endpoints,
  id: string,
  until: number,
  tell: (line: string) => void = () => undefined,
): Promise<BatchView> {
  for (;;) {
    const batch = await readBatch(endpoints, id).catch((error: unknown) => {
      if (Date.now() > until) throw error
      return undefined
    })
    if (batch) {
      tell(`batch ${id}: ${batch.state} ${JSON.stringify(batch.counts)}`)
      if (ENDED.has(batch.state)) return batch
    }
    if (Date.now() > until) throw new Error(`batch ${id} did not end: ${batch?.state ?? 'unknown'}`)
    await sleep(500)
  }
}
