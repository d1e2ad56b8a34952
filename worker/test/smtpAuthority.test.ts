/** STARTTLS with a certificate of a private authority. */
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { loopbackCertificate } from '../../hack/servers/loopbackCertificate.ts'
import { smtp } from '../src/providers/smtp/smtp.ts'

const REPLIES: Readonly<Record<string, string>> = {
  EHLO: '250-here\r\n250 STARTTLS',
  STARTTLS: '220 go on',
  MAIL: '250 fine',
  RCPT: '250 fine',
  DATA: '354 go on',
  '.': '250 2.0.0 taken',
}

/** @param upgrade once STARTTLS was said */
function talk(socket: Socket, upgrade: ((socket: Socket) => void) | undefined): void {
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    for (const line of chunk.toString().split('\r\n')) {
      const [command = ''] = line.split(' ')
      const reply = REPLIES[command]
      if (reply === undefined) continue
      socket.write(`${reply}\r\n`)
      if (command === 'STARTTLS') upgrade?.(socket)
    }
  })
}

test('a server with a certificate of a private authority is sent to when the authority is given, and only then', async () => {
  const { ca, cert, key } = await loopbackCertificate()
  const context = createSecureContext({ cert, key })
  const server = createServer((socket) => {
    talk(socket, (plain) => {
      plain.removeAllListeners('data')
      talk(new TLSSocket(plain, { isServer: true, secureContext: context }), undefined)
    })
    socket.write('220 here\r\n')
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const providerWith = (authorities: string | undefined) =>
    smtp({
      host: 'localhost',
      port: (server.address() as AddressInfo).port,
      tls: 'Required',
      ca: authorities,
      username: undefined,
      password: undefined,
      connections: 1,
      maxMessagesPerConnection: 1,
    })
  const mail = {
    from: 's@example.org',
    to: 'r@example.org',
    subject: 'S',
    text: 'T',
    html: undefined,
    messageId: '<b.1@example.org>',
    headers: {},
    mime: () => 'Subject: S\r\n\r\nT\r\n',
  }
  const trusting = providerWith(ca)
  expect(await trusting.send(mail)).toMatchObject({
    retryClass: 'accepted',
    stage: 'end_of_data',
    replyCode: 250,
    enhancedCode: '2.0.0',
  })
  const doubting = providerWith(undefined)
  expect(await doubting.send(mail)).toMatchObject({
    retryClass: 'unreachable',
    detail: expect.stringContaining('certificate') as string,
  })
  trusting.close()
  doubting.close()
  server.close()
})
