/** TLS with a certificate of a private authority in front of a server on the loopback interface that has none. */
import { connect, type AddressInfo, type Socket } from 'node:net'
import { createServer } from 'node:tls'
import { loopbackCertificate } from './loopbackCertificate.ts'

export interface TlsFront {
  /** `https://localhost:…`, the name that the certificate is for. */
  readonly url: string
  /** PEM of the authority. */
  readonly ca: string
  close(): Promise<void>
}

export async function startTlsFront(targetPort: number): Promise<TlsFront> {
  const { ca, cert, key } = await loopbackCertificate()
  const open = new Set<Socket>()
  const server = createServer({ cert, key }, (client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        open.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(upstream).pipe(client)
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `https://localhost:${port}`,
    ca,
    close: () => {
      for (const socket of open) socket.destroy()
      return new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
      })
    },
  }
}
