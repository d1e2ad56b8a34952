/** /healthz, /readyz and /metrics on one port. */
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { createServer } from 'node:http'

export interface ProbeOptions {
  readonly port: number
  readonly registry: Registry
  readonly isHealthy: () => boolean
  readonly isReady: () => boolean
}

export interface Probes {
  readonly port: number
  close(): Promise<void>
}

export async function serveProbes({ port, registry, isHealthy, isReady }: ProbeOptions): Promise<Probes> {
  const server = createServer((request, response) => {
    const tell = (ok: boolean) => response.writeHead(ok ? 200 : 503).end(ok ? 'ok\n' : 'not ok\n')
    switch (request.url ?? '') {
      case '/healthz':
        tell(isHealthy())
        return
      case '/readyz':
        tell(isReady())
        return
      case '/metrics':
        registry.metrics().then(
          (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
          () => response.writeHead(500).end(),
        )
        return
      default:
        response.writeHead(404).end()
    }
  })
  server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => {
          resolve()
        })
      }),
  }
}
