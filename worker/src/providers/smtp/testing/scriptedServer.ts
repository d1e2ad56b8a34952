/** A server that speaks SMTP over a real socket and answers as it is told. */
import type { AddressInfo, Server, Socket } from 'node:net'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { OutgoingMail, Outcome, Provider } from '../../../sending/ports.ts'
import type { SmtpOptions } from '../smtp.ts'
import { smtp } from '../smtp.ts'

export const mail = (seq: number, more: Partial<OutgoingMail> = {}): OutgoingMail => ({
  from: 'sender@example.org',
  to: `r${seq}@example.org`,
  subject: 'Subject',
  text: 'Text',
  html: undefined,
  messageId: `<batch.${seq}@example.org>`,
  headers: {},
  mime: () => `Subject: Subject\r\nX-Batch-Recipient: ${seq}\r\n\r\nText\r\n`,
  ...more,
})

/** What one connection has seen: its number among all, and how many mails it has carried. */
export interface Session {
  readonly number: number
  mails: number
}

/** Instead of a reply. */
export const NOTHING = 'nothing is said'
export const HANG_UP = 'hang up'

/** @returns the reply to a command, `''` being the greeting; undefined = the usual one. After a 421 the server hangs up. */
export type Script = (
  command: string,
  session: Session,
  line: string,
) => string | undefined | Promise<string | undefined>

const USUAL: Readonly<Record<string, string>> = {
  MAIL: '250 fine',
  RCPT: '250 fine',
  DATA: '354 go on',
  RSET: '250 fine',
  QUIT: '221 bye',
}

export interface Scripted {
  readonly provider: Provider
  readonly port: number
  /** Connections that were made, and those that are open. */
  readonly seen: { connections: number; readonly open: Set<Socket> }
  close(): void
}

/** @param extensions in its answer to EHLO */
export async function scripted(
  script: Script,
  extensions: readonly string[] = [],
  options: Partial<SmtpOptions> = {},
): Promise<Scripted> {
  const seen = { connections: 0, open: new Set<Socket>() }
  const server: Server = createServer({ noDelay: true }, (socket) => {
    seen.connections += 1
    seen.open.add(socket)
    socket.on('close', () => seen.open.delete(socket))
    talk(socket, { number: seen.connections, mails: 0 }, script, extensions)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const provider = smtp({
    host: '127.0.0.1',
    port,
    tls: 'Disabled',
    username: undefined,
    password: undefined,
    connections: 1,
    maxMessagesPerConnection: 100,
    ...options,
  })
  return {
    provider,
    port,
    seen,
    close: () => {
      provider.close()
      server.close()
      for (const socket of seen.open) socket.destroy()
    },
  }
}

function talk(socket: Socket, session: Session, script: Script, extensions: readonly string[]): void {
  const hello = ['here', ...extensions].map(
    (each, index, all) => `250${index < all.length - 1 ? '-' : ' '}${each}`,
  )
  let text = ''
  let isBody = false
  let turn: Promise<void> = Promise.resolve()
  const say = (reply: string) => {
    if (reply === NOTHING || !socket.writable) return
    if (reply !== HANG_UP) socket.write(`${reply}\r\n`)
    if (reply === HANG_UP || reply.startsWith('421')) socket.end()
  }
  const take = async (line: string) => {
    if (isBody && line !== '.') return
    const [command = ''] = isBody ? ['.'] : line.split(' ')
    if (isBody) session.mails += 1
    const usual = isBody ? '250 taken' : command === 'EHLO' ? hello.join('\r\n') : USUAL[command]
    const reply = (await script(command, session, line)) ?? usual ?? '500 what'
    isBody = reply.startsWith('354')
    say(reply)
  }
  const inTurn = (work: () => Promise<void>) => {
    turn = turn.then(work)
  }
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    const lines = (text + chunk.toString('latin1')).split('\r\n')
    text = lines.pop() ?? ''
    for (const line of lines) inTurn(() => take(line))
  })
  inTurn(async () => {
    say((await script('', session, '')) ?? '220 here ESMTP')
  })
}

/** One after the other. */
export async function sendAll(provider: Provider, count: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let seq = 0; seq < count; seq += 1) outcomes.push(await provider.send(mail(seq)))
  return outcomes
}

/** All at once. */
export function sendTogether(provider: Provider, count: number): Promise<Outcome[]> {
  return Promise.all(Array.from({ length: count }, (_, seq) => provider.send(mail(seq))))
}
