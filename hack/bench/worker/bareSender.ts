/** The ceiling: nodemailer alone, with the worker's options, in a process of its own. */
import { createTransport } from 'nodemailer'

const { SMTP_PORT, COUNT, HTML_BYTES, CONNECTIONS } = process.env
const connections = Number(CONNECTIONS)
const transport = createTransport({
  pool: true,
  host: '127.0.0.1',
  port: Number(SMTP_PORT),
  ignoreTLS: true,
  maxConnections: connections,
  maxMessages: 100,
  maxRequeues: 0,
})
const html = htmlOf(Number(HTML_BYTES))
let next = 0
const lane = async () => {
  while (next < Number(COUNT)) {
    const index = next
    next += 1
    await transport.sendMail({
      from: 'Sender <sender@example.org>',
      to: { name: '', address: `r${index}@example.org` },
      subject: 'Hello',
      html,
      messageId: `<bare.${index}@example.org>`,
      headers: { 'X-Batch-Id': 'bare', 'X-Batch-Recipient': String(index) },
    })
  }
}
await Promise.all(Array.from({ length: connections }, lane))
transport.close()
const { user, system } = process.cpuUsage()
console.log(JSON.stringify({ cpuSeconds: (user + system) / 1e6 }))

/** Lines of ordinary length. */
function htmlOf(sizeBytes: number): string {
  return '<p>Lorem ipsum dolor sit amet, consectetur adipisici elit, sed eiusmod.</p>\n'.repeat(
    Math.ceil(sizeBytes / 77),
  )
}
