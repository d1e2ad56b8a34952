/** /healthz, /readyz and /metrics on one port. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { createServer, type ServerResponse } from 'node:http'

export interface ProbeOptions {
  readonly port: number
  readonly registry: Registry
  /** Metrics beside those of the registry, as text, in parts. */
  readonly beside?: () => AsyncIterable<string>
  readonly isHealthy: () => boolean
  readonly isReady: () => boolean
}

export interface Probes {
  readonly port: number
  close(): Promise<void>
}

export async function serveProbes(options: ProbeOptions): Promise<Probes> {
  const { port, isHealthy, isReady } = options
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
        // Half of it is none: Prometheus sees the connection break off.
        tellMetrics(options, response).catch(() => response.destroy())
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

async function tellMetrics({ registry, beside }: ProbeOptions, response: ServerResponse): Promise<void> {
  const own = await registry.metrics()
  response.writeHead(200, { 'content-type': registry.contentType })
  response.write(own)
  for await (const part of beside?.() ?? []) {
    if (response.destroyed) return
    if (!response.write(part)) await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  response.end()
}
