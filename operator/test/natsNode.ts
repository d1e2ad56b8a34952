/** One real nats-server with the settings of the product, but for its folders, its ports and the name of its host. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binary } from '../../hack/cluster/binaries.ts'
import { freePort } from '../../hack/servers/ports.ts'
import { startProcess, untilReady, type ServerProcess } from '../../hack/servers/process.ts'
import type { KeyPair } from '../src/adapters/certificateAuthority.ts'
import { natsSettings, DATA_DIR, RUN_DIR, TLS_DIR } from '../src/components/nats/configuration.ts'
import { render, type Block } from '../src/components/nats/serverSyntax.ts'
import type { Sender } from '../src/components/snapshot.ts'
import { INSTALLATION } from '../src/testing/snapshots.ts'

export class NatsNode {
  readonly name = 'orders-nats-0'
  readonly port: number
  /** The wished settings, as they are for this node. */
  readonly settings: Block
  readonly #home: string
  #server: ServerProcess | undefined

  static async of(sender: Sender): Promise<NatsNode> {
    const home = await mkdtemp(join(tmpdir(), 'batchsender-nats-node-'))
    for (const each of ['tls', 'data', 'run']) await mkdir(join(home, each))
    return new NatsNode(sender, home, await freePort(), await freePort())
  }

  private constructor(sender: Sender, home: string, port: number, monitor: number) {
    this.#home = home
    this.port = port
    const text = JSON.stringify(natsSettings(sender, INSTALLATION))
      .replaceAll(`"${TLS_DIR}/`, `"${join(home, 'tls')}/`)
      .replaceAll(`"${DATA_DIR}"`, `"${join(home, 'data')}"`)
      .replaceAll(`"${RUN_DIR}/`, `"${join(home, 'run')}/`)
    this.settings = { ...(JSON.parse(text) as Block), port, http_port: monitor }
  }

  /** What the Secret is to the pod: certificate, key and trust come together. */
  async show(pair: KeyPair): Promise<void> {
    for (const [file, text] of Object.entries(pair)) await writeFile(join(this.#home, 'tls', file), text)
  }

  /** What the ConfigMap is to the pod. */
  async configure(settings: Block = this.settings): Promise<void> {
    await writeFile(join(this.#home, 'nats.conf'), render(settings))
  }

  async start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#server?.stop()
    const server = startProcess(
      await binary('nats-server'),
      ['--config', join(this.#home, 'nats.conf'), '--addr', '127.0.0.1'],
      { env: { ...process.env, POD_NAME: this.name, ...environment } },
    )
    this.#server = server
    await untilReady(this.name, server, () => Promise.resolve(server.output().includes('Server is ready')))
  }

  /** Holds it, as a node that does not answer; and lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGHUP'): void {
    if (this.#server) process.kill(this.#server.pid, signal)
  }

  async remove(): Promise<void> {
    this.signal('SIGCONT')
    await this.#server?.stop()
    await rm(this.#home, { recursive: true, force: true })
  }
}
