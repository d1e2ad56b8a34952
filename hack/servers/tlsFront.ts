/** TLS with a certificate of a private authority in front of a server on the loopback interface that has none. */
import { connect, type AddressInfo, type Socket } from 'node:net'
import { createServer } from 'node:tls'
import { makeCa, makeLeaf } from '../../operator/src/adapters/certificateAuthority.ts'

const DAY_MS = 86_400_000

export interface TlsFront {
  /** `https://localhost:…`, the name that the certificate is for. */
  readonly url: string
  /** PEM of the authority. */
  readonly ca: string
  close(): Promise<void>
}

export async function startTlsFront(targetPort: number): Promise<TlsFront> {
  const now = new Date()
  const ca = await makeCa({ role: 'ca', commonName: 'private CA', durationMs: DAY_MS }, now)
  const leaf = await makeLeaf(
    {
      role: 'leaf',
      issuerSecret: 'private-ca',
      commonName: 'front',
      durationMs: DAY_MS,
      dnsNames: ['localhost'],
      addresses: ['127.0.0.1'],
      usages: ['serverAuth'],
    },
    { certificate: ca['tls.crt'], key: ca['tls.key'] },
    now,
  )
  const open = new Set<Socket>()
  const server = createServer({ cert: leaf['tls.crt'], key: leaf['tls.key'] }, (client) => {
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
    ca: ca['tls.crt'],
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
