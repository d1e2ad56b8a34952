/** A million recipients: taken as a stream, counted meanwhile, started and sent; beside what `COPY` does with the rows. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from '../arena.ts'
import type { WorkerProcess } from '../../../../worker/test/rig.ts'
import { TOKEN } from '../../../../worker/test/rig.ts'
import { limitMemory } from '../../../servers/memoryLimit.ts'
import { percentile } from '../../operator/statistics.ts'
import { usedBy } from '../figures.ts'
import { batchOf, isOver, post, startWorker } from '../ours.ts'

export interface Campaign {
  readonly rowsPerSecond: number
  /** The same rows, from a file of the server, into a table with the same indexes. */
  readonly copyRowsPerSecond: number
  readonly startSeconds: number
  /** Of the first ones. */
  readonly mailsPerSecond: number
  /** `GET /v1/batches/{id}` all the while: of the campaign, and by turns of a batch of `SMALL`. */
  readonly p95Ms: number
  readonly smallP95Ms: number
  readonly peakMiB: number
  /** Of the database, indexes included: for a recipient that waits, and what a mail that was sent adds to it. */
  readonly bytesWaiting: number
  readonly bytesOfSending: number
}

export const SMALL = 1_000
/** What a worker's pod may have, and V8 makes its heap from. */
const POD_BYTES = 512 * 1_048_576
const LOT = 1_000
const POLL_EVERY_MS = 100

export async function campaign(arena: Arena, recipients: number, toSend: number): Promise<Campaign> {
  const limit = await limitMemory(POD_BYTES)
  const worker = await startWorker(arena, 'campaign', {}, limit)
  try {
    const small = await post(worker, 'small', SMALL)
    while (!(await isOver(worker, small))) await sleep(100)
    const before = await arena.rig.sink.count()
    const emptyBytes = await databaseBytes(arena)
    const id = await open(worker)
    const polls = polling(worker, [id, small])
    const uploadSeconds = await secondsOf(() => upload(worker, id, recipients))
    const startSeconds = await secondsOf(() => start(worker, id))
    const waitingBytes = await databaseBytes(arena)
    const sendSeconds = await secondsOf(async () => {
      while ((await arena.rig.sink.count()) - before < Math.min(toSend, recipients)) await sleep(50)
    })
    const [own = [], others = []] = await polls.end()
    const { peakMiB } = await usedBy(worker.pid())
    const sentBytes = await databaseBytes(arena)
    const sent = (await arena.rig.sink.count()) - before
    await isWhole(worker, id, recipients)
    await worker.kill()
    const copySeconds = await copied(arena, recipients)
    return {
      rowsPerSecond: recipients / uploadSeconds,
      copyRowsPerSecond: recipients / copySeconds,
      startSeconds,
      mailsPerSecond: Math.min(toSend, recipients) / sendSeconds,
      p95Ms: percentile(own, 0.95),
      smallP95Ms: percentile(others, 0.95),
      peakMiB,
      bytesWaiting: (waitingBytes - emptyBytes) / recipients,
      bytesOfSending: (sentBytes - waitingBytes) / sent,
    }
  } finally {
    await worker.kill()
    await limit.stop()
  }
}

async function databaseBytes({ rig }: Arena): Promise<number> {
  const [row] = await rig.sql<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes')
  return Number(row?.bytes)
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now()
  await work()
  return (performance.now() - startedAtMs) / 1_000
}

const addressAt = (index: number): string => `someone.${index}@example.org`

async function open(worker: WorkerProcess): Promise<string> {
  const content = { ...batchOf('campaign', 0), recipients: undefined, subject: 'Hello {{name}}' }
  const response = await worker.post({ ...content, state: 'open' })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return ((await response.json()) as { id: string }).id
}

/** @throws Error unless every row was taken */
async function upload(worker: WorkerProcess, id: string, recipients: number): Promise<void> {
  const sent = request(`${worker.api}/v1/batches/${id}/recipients`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/x-ndjson' },
  })
  const answered = once(sent, 'response')
  await pipeline(
    Readable.from(
      lots(
        recipients,
        (index) => `{"address":"${addressAt(index)}","variables":{"name":"Someone ${index}"}}\n`,
      ),
    ),
    sent,
  )
  const [response] = (await answered) as [IncomingMessage]
  const text = await new Response(Readable.toWeb(response) as ReadableStream).text()
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${text}`)
}

function* lots(count: number, rowOf: (index: number) => string): Generator<string> {
  for (let first = 0; first < count; first += LOT) {
    let text = ''
    for (let index = first; index < Math.min(count, first + LOT); index += 1) text += rowOf(index)
    yield text
  }
}

async function start(worker: WorkerProcess, id: string): Promise<void> {
  const response = await worker.command(id, 'start')
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
}

async function isWhole(worker: WorkerProcess, id: string, recipients: number): Promise<void> {
  const batch = await worker.batch(id)
  const counted = Object.values(batch.counts).reduce((sum, count) => sum + count, 0)
  if (batch.recipients !== recipients || counted !== recipients)
    throw new Error(`${batch.recipients} of ${recipients} are there, and ${counted} are counted`)
}

/** @returns the milliseconds of each answer, for each batch */
function polling(worker: WorkerProcess, ids: readonly string[]) {
  const found: readonly number[][] = ids.map(() => [])
  const ending = new AbortController()
  const looking = (async () => {
    while (!ending.signal.aborted)
      for (const [index, id] of ids.entries()) {
        const startedAtMs = performance.now()
        const response = await worker.get(`/v1/batches/${id}`)
        await response.text()
        if (response.ok) found[index]?.push(performance.now() - startedAtMs)
        await sleep(POLL_EVERY_MS)
      }
  })()
  return {
    end: async (): Promise<readonly (readonly number[])[]> => {
      ending.abort()
      await looking
      return found
    },
  }
}

/** Into an empty table that is like the worker's. @returns seconds */
async function copied({ rig }: Arena, recipients: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'batchsender-copy-'))
  try {
    const file = join(folder, 'rows')
    const batch = crypto.randomUUID()
    const row = (index: number) =>
      `${batch}\t${index}\t${addressAt(index)}\t${addressAt(index)}\t{"name": "Someone ${index}"}\n`
    await pipeline(Readable.from(lots(recipients, row)), createWriteStream(file))
    // The server has an account of its own.
    await chmod(folder, 0o755)
    await rig.sql('CREATE TABLE copied (LIKE recipient INCLUDING ALL)')
    return await secondsOf(async () => {
      await rig.sql(`COPY copied (batch_id, seq, address, address_norm, variables) FROM '${file}'`)
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
