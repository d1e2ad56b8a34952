/** What the mails of a batch are made of. */
import type { MailHeaders } from '../domain/mailHeaders.ts'
import type { Content } from '../sending/ports.ts'
import type { Queryable } from './database.ts'

export async function readContent(database: Queryable, batchId: string): Promise<Content> {
  const [row] = await database.query<{
    sender: string
    subject: string
    text_body: string | null
    html_body: string | null
    reply_to: string | null
    headers: MailHeaders | null
  }>('SELECT sender, subject, text_body, html_body, reply_to, headers FROM batch WHERE id = $1', [batchId])
  if (row === undefined) throw new Error('the batch is gone')
  const { sender: from, subject, text_body: text, html_body: html, reply_to: replyTo, headers } = row
  return {
    from,
    replyTo: replyTo ?? undefined,
    subject,
    text: text ?? undefined,
    html: html ?? undefined,
    headers: headers ?? {},
  }
}
