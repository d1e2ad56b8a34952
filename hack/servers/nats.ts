/** A real nats-server with JetStream on a random loopback port. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binary } from '../cluster/binaries.ts'
import { ChildServer } from './childServer.ts'
import { freePort } from './ports.ts'

export interface NatsServer {
  readonly url: string
  readonly port: number
  log(): string
  /** With `loseData` the stream and everything in it is gone. */
  restart(options?: { readonly loseData?: boolean }): Promise<void>
  kill(): Promise<void>
  start(): Promise<void>
  /** SIGHUP: reads its configuration and certificates again. */
  reload(): void
  stop(): Promise<void>
}

export interface NatsOptions {
  /** Mutual TLS: a client without a certificate of `ca` is refused. Files in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
}

export async function startNats({ tls }: NatsOptions = {}): Promise<NatsServer> {
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-nats-'))
  const store = join(dir, 'store')
  const port = await freePort()
  const config = join(dir, 'nats.conf')
  await writeFile(
    config,
    [
      `listen: "127.0.0.1:${port}"`,
      `jetstream { store_dir: ${JSON.stringify(store)} }`,
      ...(tls
        ? [`tls { cert_file: "${tls.cert}", key_file: "${tls.key}", ca_file: "${tls.ca}", verify: true }`]
        : []),
    ].join('\n'),
  )
  const server = new ChildServer({ program: await binary('nats-server'), args: ['-c', config], port })
  const start = async () => {
    await server.start()
  }
  await start()
  return {
    url: `${tls ? 'tls' : 'nats'}://127.0.0.1:${port}`,
    port,
    log: () => server.log,
    start,
    kill: () => server.kill(),
    restart: async ({ loseData = false } = {}) => {
      await server.stop()
      if (loseData) await rm(store, { recursive: true, force: true })
      await start()
    },
    reload: () => {
      if (server.pid !== undefined) process.kill(server.pid, 'SIGHUP')
    },
    stop: async () => {
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
