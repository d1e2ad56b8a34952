/** How the operator reaches a NATS: where a name led when it was checked, and only with a certificate for that name. */
import type { Server } from 'node:net'
import { createServer } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NatsServer } from '../../hack/servers/nats.ts'
import { startNats } from '../../hack/servers/nats.ts'
import { workQueueNames } from '../../crds/workQueue.ts'
import type { KeyPair } from '../src/adapters/certificateAuthority.ts'
import { makeCa, makeLeaf } from '../src/adapters/certificateAuthority.ts'
import { ALL_ANSWERS, AnswerBudget } from '../src/adapters/answerBudget.ts'
import { dialGuard } from '../src/adapters/dialGuard.ts'
import type { Lookup } from '../src/adapters/lookup.ts'
import { Nats } from '../src/adapters/nats.ts'
import type { Transport } from '../src/runtime/transport.ts'

const HOUR_MS = 3_600_000
const signal = new AbortController().signal
const queue = workQueueNames('mail', 'orders')
const wanted = { stream: { name: queue.stream }, consumer: { durable_name: queue.consumer } }

let ca: KeyPair
let foreign: KeyPair
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchsender-dial-'))
  const authority = () => makeCa({ role: 'ca', commonName: 'test', durationMs: HOUR_MS }, new Date())
  ;[ca, foreign] = [await authority(), await authority()]
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const leaf = (by: KeyPair, dnsNames: readonly string[], addresses: readonly string[] = []) =>
  makeLeaf(
    {
      role: 'leaf',
      commonName: 'nats',
      dnsNames,
      addresses,
      usages: ['serverAuth', 'clientAuth'],
      durationMs: HOUR_MS,
      issuerSecret: '',
    },
    { certificate: by['tls.crt'], key: by['tls.key'] },
    new Date(),
  )

/** Gives the operator a Secret with a certificate of the right CA. */
async function lookAt(server: string, resolve: Lookup, forbiddenHosts: readonly string[] = []) {
  const own = await leaf(ca, ['operator.example.com'])
  const data = Object.fromEntries(
    Object.entries(own).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
  )
  const transport: Transport = {
    request: () => Promise.resolve({ body: { data } } as never),
    stream: () => Promise.reject(new Error('not asked for')),
    close: () => undefined,
  }
  const options = { operatorNamespace: 'system', clusterDomain: 'cluster.local', allowLoopback: true }
  const guard = dialGuard({ ...options, forbiddenHosts, resolve })
  const nats = new Nats(transport, guard, new AnswerBudget(ALL_ANSWERS))
  const target = { namespace: 'mail', access: { servers: [server], tlsSecret: 'nats-client' } }
  return nats.lookAtQueue(target, wanted as never, signal)
}

const leadsTo =
  (address: string): Lookup =>
  () =>
    Promise.resolve([{ address, family: 4 }])

describe('a name that leads elsewhere once it was checked', () => {
  let listener: Server
  let calls = 0
  beforeAll(async () => {
    listener = createServer((socket) => {
      calls += 1
      socket.end()
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => new Promise((resolve) => listener.close(resolve)))

  test('is not followed: what was checked is dialled', async () => {
    const { port } = listener.address() as { port: number }
    // The system says 127.0.0.1 of this name, whatever the guard was told; nobody listens at 127.0.0.3.
    const seen = await lookAt(`tls://localhost:${port}`, leadsTo('127.0.0.3'), ['127.0.0.1', '::1'])
    expect(seen).toEqual({ reached: false, fault: 'no connection' })
    expect(calls).toBe(0)
  })
})

describe('a NATS with a certificate', () => {
  let server: NatsServer | undefined
  const serve = async (pair: KeyPair): Promise<number> => {
    await server?.stop()
    const file = async (name: keyof KeyPair, text = pair[name]) => {
      await writeFile(join(folder, name), text)
      return join(folder, name)
    }
    server = await startNats({
      tls: {
        cert: await file('tls.crt'),
        key: await file('tls.key'),
        ca: await file('ca.crt', ca['ca.crt']),
      },
    })
    return server.port
  }
  afterAll(() => server?.stop())

  test('for its address is reached by its address', async () => {
    const port = await serve(await leaf(ca, [], ['127.0.0.1']))
    expect(await lookAt(`tls://127.0.0.1:${port}`, leadsTo('127.0.0.1'))).toMatchObject({ reached: true })
  })

  test('for its name is reached by its name, wherever that leads', async () => {
    const port = await serve(await leaf(ca, ['nats.example.com']))
    const name = `tls://nats.example.com:${port}`
    expect(await lookAt(name, leadsTo('127.0.0.1'))).toMatchObject({ reached: true })
  })

  test.each([
    ['for another name', () => leaf(ca, ['other.example.com']), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['for localhost only', () => leaf(ca, ['localhost']), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['of a foreign authority', () => leaf(foreign, ['nats.example.com']), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('%s is not believed, and that is told', async (_, make, code) => {
    const port = await serve(await make())
    expect(await lookAt(`tls://nats.example.com:${port}`, leadsTo('127.0.0.1'))).toEqual({
      reached: false,
      fault: `the certificate of the server is not accepted (${code})`,
    })
  })
})
