/** Servers that answer as none should: each a way in which an answer has no end, no sense or no speed. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { RELEASE } from '../../crds/release.ts'

export interface HostileServer {
  readonly port: number
  /** Bytes that were taken off it, by all clients together. */
  sent(): number
  /** Connections that were made. */
  calls(): number
  close(): Promise<void>
}

export type Behaviour = (socket: Socket) => Promise<void> | void

const MEGABYTE = 'x'.repeat(1_048_576)

/** As much and as long as the other side takes it. */
async function pour(socket: Socket, text = MEGABYTE): Promise<void> {
  while (!socket.destroyed) if (!socket.write(text)) await once(socket, 'drain')
}

const answering = (head: string, then: Behaviour): Behaviour => {
  return async (socket) => {
    await once(socket, 'data')
    socket.write(`${head}\r\n`)
    await then(socket)
  }
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson'
const CHUNK = `100000\r\n${MEGABYTE}\r\n`
const ROWS = '{"name":"x","is_broken":0}\n'.repeat(40_000)

/** Of what speaks HTTP. */
export const HOSTILE_HTTP: Readonly<Record<string, Behaviour>> = {
  'a body without end': answering(`${OK}\r\ntransfer-encoding: chunked\r\n`, (socket) => pour(socket, CHUNK)),
  'a body of a terabyte': answering(`${OK}\r\ncontent-length: 1099511627776\r\n`, (socket) => pour(socket)),
  'rows without end': answering(`${OK}\r\ncontent-length: 1099511627776\r\n`, (socket) => pour(socket, ROWS)),
  'headers without end': answering('HTTP/1.1 200 OK\r\nx-long: ', (socket) => pour(socket)),
  'an error without end': answering(
    'HTTP/1.1 500 Error\r\nx-clickhouse-exception-code: 60\r\ntransfer-encoding: chunked\r\n',
    (socket) => pour(socket, CHUNK),
  ),
  'a byte a second': answering(`${OK}\r\ncontent-length: 1000000\r\n`, async (socket) => {
    while (!socket.destroyed) {
      socket.write(' ')
      await sleep(1_000)
    }
  }),
  'half a megabyte and then nothing': answering(
    `${OK}\r\ncontent-length: 524000\r\n`,
    (socket) => void socket.write(' '.repeat(500_000)),
  ),
  silence: () => undefined,
  'a page for people': answering(
    `${OK}\r\ncontent-length: 13\r\n`,
    (socket) => void socket.write('<html></html>'),
  ),
  'rows of another shape': answering(
    `${OK}\r\ncontent-length: 27\r\n`,
    (socket) => void socket.write('{"name":{"a":[1,{"b":2}]}}\n'),
  ),
  'a way elsewhere': answering(
    'HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/meta-data/\r\ncontent-length: 0\r\n',
    () => undefined,
  ),
  'half of an answer': answering(
    `${OK}\r\ncontent-length: 1000\r\n`,
    (socket) => void socket.end('{"name":'),
  ),
  'a reset': (socket) => {
    socket.resetAndDestroy()
  },
}

const INFO = `INFO {"server_id":"x","version":"${RELEASE.images.nats.tag}","proto":1,"max_payload":1048576,"headers":true`

/** Of what speaks the protocol of NATS, which greets first. */
export const HOSTILE_NATS: Readonly<Record<string, Behaviour>> = {
  'a greeting without end': (socket) => pour(socket),
  'an INFO without end': (socket) => {
    socket.write(`${INFO},"name":"`)
    return pour(socket)
  },
  'an INFO of half a gigabyte': async (socket) => {
    socket.write(`${INFO},"name":"`)
    for (let left = 512; left > 0 && !socket.destroyed; left -= 1)
      if (!socket.write(MEGABYTE)) await once(socket, 'drain')
    socket.write('"}\r\n')
  },
  'messages without end': async (socket) => {
    socket.write(`${INFO}}\r\n`)
    await pour(socket, 'MSG a 1 5\r\nhello\r\n'.repeat(50_000))
  },
  'pings without end': async (socket) => {
    socket.write(`${INFO}}\r\n`)
    await pour(socket, 'PING\r\n'.repeat(100_000))
  },
  'a message of two gigabytes': async (socket) => {
    socket.write(`${INFO}}\r\nMSG a 1 2147483647\r\n`)
    await pour(socket)
  },
  'another protocol': (socket) => void socket.write('220 mail.example.com ESMTP\r\n'),
  'a byte a second': async (socket) => {
    while (!socket.destroyed) {
      socket.write('I')
      await sleep(1_000)
    }
  },
  silence: () => undefined,
  'half of an INFO': (socket) => {
    socket.end(INFO)
  },
  'a reset': (socket) => {
    socket.resetAndDestroy()
  },
}

export async function startHostile(behave: Behaviour): Promise<HostileServer> {
  const sockets = new Set<Socket>()
  let written = 0
  let calls = 0
  const server = createServer((socket) => {
    calls += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      written += socket.bytesWritten
      sockets.delete(socket)
    })
    Promise.resolve(behave(socket)).catch(() => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sent: () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, written),
    calls: () => calls,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
