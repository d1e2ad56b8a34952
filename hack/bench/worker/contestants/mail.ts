/** What all contestants share: the mail, the way it is sent, and the row that says that it was accepted. */
import { createTransport } from 'nodemailer'
import type { Pool, PoolClient } from 'pg'

/** The index of a recipient: all that a job carries. */
export interface Job {
  readonly index: number
}

export interface Conditions {
  readonly run: string
  readonly count: number
  readonly smtpPort: number
  readonly redisPort: number
  readonly postgresUrl: string
  readonly connections: number
}

export const HTML_BYTES = 4_096
const LINE = '<p>Lorem ipsum dolor sit amet, consectetur adipisici elit, sed eiusmod.</p>\n'
export const HTML = LINE.repeat(Math.ceil(HTML_BYTES / LINE.length))

/** How many jobs are handed over to a queue at once. */
export const LOT = 1_000

export function conditions(): Conditions {
  const text = process.env['CONDITIONS']
  if (text === undefined) throw new Error('CONDITIONS is not set')
  return JSON.parse(text) as Conditions
}

export function jobs(count: number): Job[][] {
  return Array.from({ length: Math.ceil(count / LOT) }, (_, lot) =>
    Array.from({ length: Math.min(LOT, count - lot * LOT) }, (__, index) => ({ index: lot * LOT + index })),
  )
}

export const addressOf = (run: string, { index }: Job): string => `${run}-${index}@example.org`

/** nodemailer with the worker's options. */
export function openMail({ run, smtpPort, connections }: Conditions) {
  const transport = createTransport({
    pool: true,
    host: '127.0.0.1',
    port: smtpPort,
    ignoreTLS: true,
    maxConnections: connections,
    maxMessages: 100,
    maxRequeues: 0,
  })
  const send = async (job: Job): Promise<string> => {
    const { messageId } = await transport.sendMail({
      from: 'Sender <sender@example.org>',
      to: { name: '', address: addressOf(run, job) },
      subject: 'Hello',
      html: HTML,
      messageId: `<${run}.${job.index}@example.org>`,
      headers: { 'X-Batch-Id': run, 'X-Batch-Recipient': String(job.index) },
    })
    return messageId
  }
  return {
    send,
    close: () => {
      transport.close()
    },
  }
}

export async function accepted(pool: Pool | PoolClient, run: string, { index }: Job, messageId: string) {
  await pool.query(
    'INSERT INTO accepted (run, recipient, message_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [run, index, messageId],
  )
}
