/** A NATS of the user's, as the schema wants it: over TLS, with a client certificate, and the Secret that holds it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNats } from '../../hack/servers/nats.ts'
import { makeCa, makeLeaf } from '../src/adapters/certificateAuthority.ts'

const DAY_MS = 86_400_000

export interface NatsOverTls {
  /** By address; its certificate is for `localhost`, too. */
  readonly url: string
  /** What goes into the Secret that `spec.nats.external.tlsSecretRef` names. */
  readonly client: Readonly<Record<string, string>>
  stop(): Promise<void>
}

export async function startNatsOverTls(): Promise<NatsOverTls> {
  const directory = await mkdtemp(join(tmpdir(), 'batchsender-nats-tls-'))
  const ca = await makeCa({ role: 'ca', commonName: 'nats', durationMs: DAY_MS }, new Date())
  const leaf = (commonName: string) =>
    makeLeaf(
      {
        role: 'leaf',
        commonName,
        dnsNames: ['localhost'],
        addresses: ['127.0.0.1'],
        usages: ['serverAuth', 'clientAuth'],
        durationMs: DAY_MS,
        issuerSecret: '',
      },
      { certificate: ca['tls.crt'], key: ca['tls.key'] },
      new Date(),
    )
  const server = await leaf('server')
  const file = async (name: string, text: string) => {
    await writeFile(join(directory, name), text)
    return join(directory, name)
  }
  const nats = await startNats({
    tls: {
      cert: await file('tls.crt', server['tls.crt']),
      key: await file('tls.key', server['tls.key']),
      ca: await file('ca.crt', ca['tls.crt']),
    },
  })
  return {
    url: nats.url,
    client: await leaf('client'),
    async stop() {
      await nats.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
