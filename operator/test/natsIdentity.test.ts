/** What the operator says of a real NATS node that shows, runs or lets in something else than it should. */
import { startProcess, untilReady } from '../../hack/servers/process.ts'
import { binary } from '../../hack/cluster/binaries.ts'
import type { LookupFunction } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { certificateFacts } from '../src/adapters/certificateFacts.ts'
import type { KeyPair } from '../src/adapters/certificateAuthority.ts'
import { makeCa, makeLeaf } from '../src/adapters/certificateAuthority.ts'
import { ALL_ANSWERS, AnswerBudget } from '../src/adapters/answerBudget.ts'
import { dialGuard } from '../src/adapters/dialGuard.ts'
import { Nats, type WishedConfiguration } from '../src/adapters/nats.ts'
import { natsTlsAdopted } from '../src/checks/natsTlsAdopted.ts'
import type { Proof } from '../src/checks/check.ts'
import { DATA_KEY_VARIABLE, NODE_VARIABLE } from '../src/components/nats/configuration.ts'
import type { Block } from '../src/components/nats/serverSyntax.ts'
import { wishedConfiguration } from '../src/components/nats/template.ts'
import { identityName } from '../src/components/parts/natsTopology.ts'
import { natsConfiguration } from '../src/observers/natsConfiguration.ts'
import { natsHandshake } from '../src/observers/natsHandshake.ts'
import type { EffectContext } from '../src/reconcile/effects/effect.ts'
import { natsReload } from '../src/reconcile/effects/natsReload.ts'
import type { Transport } from '../src/runtime/transport.ts'
import { DATA_KEY } from '../src/vocabulary/dataKey.ts'
import { authority, forgedLeaf, type Authority } from '../src/testing/certificates.ts'
import { INSTALLATION, issuedSecrets, sender, snapshot, SPEC } from '../src/testing/snapshots.ts'
import { NatsNode } from './natsNode.ts'

const HOST = 'localhost'
const HOUR_MS = 3_600_000
const KEY = `k${'0123456789abcdef'.repeat(4)}`
const signal = new AbortController().signal

const who = sender({ spec: { ...SPEC, nats: { managed: { encryption: { enabled: true } } } } })
const encoded = (data: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]))

let ca: Authority
let node: NatsNode
let issued: KeyPair
let system: KeyPair
let nats: Nats

const leafOf = (by: Pick<Authority, 'certificate' | 'key'>, dnsNames: readonly string[], now = new Date()) =>
  makeLeaf(
    {
      ...{ role: 'leaf', commonName: 'orders-nats-server', dnsNames, usages: ['serverAuth', 'clientAuth'] },
      ...{ durationMs: HOUR_MS, issuerSecret: '' },
    },
    by,
    now,
  )

beforeAll(async () => {
  ca = await authority('ours')
  issued = await leafOf(ca, [HOST])
  system = await leafOf(ca, [identityName(who, 'system')])
  node = await NatsNode.of(who)
  const transport: Transport = {
    request: (call: { path: string }) =>
      Promise.resolve({
        body: { data: encoded(call.path.includes('data-key') ? { [DATA_KEY]: KEY } : { ...system }) },
      } as never),
    stream: () => Promise.reject(new Error('not asked for')),
    close: () => undefined,
  }
  const options = { operatorNamespace: 'system', clusterDomain: 'cluster.local', allowLoopback: true }
  nats = new Nats(transport, dialGuard({ ...options, forbiddenHosts: [] }), new AnswerBudget(ALL_ANSWERS))
})
afterAll(() => node.remove())

const factsOf = (pair: KeyPair) => {
  const facts = certificateFacts(pair['tls.crt'], pair['tls.key'], pair['ca.crt'])
  if (!facts) throw new Error('the certificate cannot be read')
  return facts
}

const address = () => ({ node: node.name, host: HOST, port: node.port })
const systemTarget = () => ({ address: address(), systemSecret: 'orders-nats-system' })
const wished = (): WishedConfiguration => ({
  systemSecret: 'orders-nats-system',
  settings: node.settings,
  variablesOf: ({ node: name }) => ({ [NODE_VARIABLE]: name }),
  dataKey: { variable: DATA_KEY_VARIABLE, secret: 'orders-nats-data-key' },
})

/** Everything that an operator would look at, and what it makes of it. */
async function proof(lookup?: LookupFunction): Promise<Proof> {
  const handshakes = natsHandshake({
    addresses: () => [address()],
    issued: () => ({ certificate: factsOf(issued), trust: issued['ca.crt'] }),
    ...(lookup && { lookup }),
  })
  const configurations = natsConfiguration({
    target: () => ({ wished: wishedConfiguration(who, INSTALLATION), nodes: [address()] }),
    look: (_sender, nodes) => nats.lookAtConfigurations(nodes, wished(), who.namespace, signal),
  })
  const [shown, running] = [await handshakes.look(who, signal), await configurations.look(who, signal)]
  const lookedAt = new Date()
  const secrets = issuedSecrets(who)
  const server = secrets.get('orders-nats-server')
  if (!shown || !running || !server) throw new Error('nothing was looked at')
  secrets.set('orders-nats-server', { ...server, certificate: factsOf(issued) })
  const evidence = {
    natsHandshake: { lookedAt, seen: shown.seen },
    natsConfiguration: { lookedAt, seen: running.seen },
  }
  return natsTlsAdopted.prove(snapshot({ now: lookedAt, sender: who, secrets, evidence }))
}

const started = async (settings?: Block, pair: KeyPair = issued, key = KEY) => {
  await node.configure(settings)
  await node.show(pair)
  await node.start({ [DATA_KEY_VARIABLE]: key })
}
const reload = async () => {
  const wish = { type: 'natsReload', ...systemTarget(), reason: '' } as const
  const context = { sender: who, signal, tools: { nats } } as unknown as EffectContext
  return (await natsReload.carryOut(wish, context)).outcome
}

const PROVEN =
  'the node serves the issued certificate, runs the wished configuration and refuses plain-text and certificate-less clients'

beforeEach(() => started())

test('a node that is as it should be is proven to be, the key of its volume among it', async () => {
  expect(await proof()).toEqual({ state: 'Proven', message: PROVEN })
})

describe('a node that shows', () => {
  const shown = (forged: { certificate: string; key: string }): KeyPair => ({
    ...issued,
    ...{ 'tls.crt': forged.certificate, 'tls.key': forged.key },
  })
  const serial = () => factsOf(issued).serial

  test.each<{ what: string; make: () => Promise<KeyPair>; says: string }>([
    {
      what: 'the issued serial and names with another key',
      make: async () => shown(await forgedLeaf(ca, serial(), [HOST])),
      says: 'has the serial that was issued and another key',
    },
    {
      what: 'the issued serial and names, signed by another CA of the same name',
      make: async () => shown(await forgedLeaf(await authority('ours'), serial(), [HOST])),
      says: 'is not signed by a CA that clients trust and has the serial that was issued and another key',
    },
    {
      what: 'a certificate of another CA',
      make: async () => ({
        ...(await leafOf(await authority('another'), [HOST])),
        'ca.crt': issued['ca.crt'],
      }),
      says: 'is not signed by a CA that clients trust',
    },
    {
      what: 'a certificate of ours for another name',
      make: () => leafOf(ca, ['elsewhere.example.com']),
      says: 'is not for its name',
    },
    {
      what: 'a certificate of ours that has expired',
      make: () => leafOf(ca, [HOST], new Date(Date.now() - 2 * HOUR_MS)),
      says: 'has expired, or its CA has',
    },
  ])('$what fails and says so, and is proven when it shows its own again', async ({ make, says }) => {
    await started(undefined, await make())
    expect(await proof()).toMatchObject({
      state: 'Failing',
      message: `orders-nats-0 serves a certificate that ${says}`,
    })
    await started()
    expect(await proof()).toMatchObject({ state: 'Proven' })
  })

  test('an older certificate of ours is on its way, and told to reload it shows the issued one', async () => {
    await started(undefined, await leafOf(ca, [HOST]))
    expect(await proof()).toMatchObject({
      state: 'Unknown',
      message: 'orders-nats-0 serves an older certificate',
    })
    await node.show(issued)
    expect(await reload()).toMatchObject({ state: 'done' })
    expect(await proof()).toEqual({ state: 'Proven', message: PROVEN })
  })
})

describe('a node that lets in', () => {
  const { tls: files } = { tls: ['cert_file', 'key_file', 'ca_file'] }
  const anybody = { no_auth_user: identityName(who, 'operator') }
  const withoutVerify = (): Block => {
    const own = node.settings['tls'] as Block
    const tls = Object.fromEntries(Object.entries(own).filter(([name]) => files.includes(name)))
    return { ...node.settings, ...anybody, tls }
  }
  const withoutTls = (): Block => {
    const others = Object.entries(node.settings).filter(([name]) => name !== 'tls')
    return { ...Object.fromEntries(others), ...anybody }
  }

  test('clients without a certificate fails', async () => {
    await started(withoutVerify())
    const seen = await proof()
    expect(seen).toMatchObject({
      state: 'Failing',
      message: 'orders-nats-0 accepts clients without a certificate',
    })
  })

  test('plain-text clients beside others fails', async () => {
    await started({ ...withoutVerify(), allow_non_tls: true })
    expect(await proof()).toMatchObject({
      state: 'Failing',
      message: 'orders-nats-0 accepts plain-text clients',
    })
  })

  test('nobody by TLS but everybody without fails', async () => {
    await started(withoutTls())
    const seen = await proof()
    expect(seen.state).toBe('Failing')
    expect(seen.message).toMatch(/^orders-nats-0 accepts plain-text clients$/)
  })
})

describe('a name that leads to more than the node', () => {
  const leadingTo =
    (...places: readonly string[]): LookupFunction =>
    (_host, { all }, callback) => {
      const found = places.map((address) => ({ address, family: 4 }))
      if (all) callback(null, found)
      else callback(null, places[0] ?? '', 4)
    }

  test.each([
    [['127.0.0.1', '127.0.0.2']],
    [['127.0.0.2', '127.0.0.1']],
    [['127.0.0.2', '127.0.0.3', '127.0.0.1']],
  ])('fails for a stranger who answers there in plain text (%s), and says where', async (places) => {
    const args = ['--addr', '127.0.0.2', '--port', `${node.port}`]
    const impostor = startProcess(await binary('nats-server'), args)
    try {
      await untilReady('impostor', impostor, () =>
        Promise.resolve(impostor.output().includes('Server is ready')),
      )
      expect(await proof(leadingTo(...places))).toMatchObject({
        state: 'Failing',
        message:
          'orders-nats-0 accepts plain-text clients at 127.0.0.2, one of several addresses of its name',
      })
    } finally {
      await impostor.stop()
    }
    expect(await proof(leadingTo(...places))).toEqual({ state: 'Proven', message: PROVEN })
  })
})

describe('a node whose file was put right', () => {
  const other = (): Block => ({ ...node.settings, max_payload: 2_000_000 })
  const notReloadable = (): Block => {
    const jetstream = node.settings['jetstream'] as Block
    return {
      ...node.settings,
      jetstream: { ...jetstream, store_dir: `${JSON.stringify(jetstream['store_dir']).slice(1, -1)}/other` },
    }
  }

  test('runs on with the other one until it is told to reload', async () => {
    await started(other())
    await node.configure()
    const told = {
      state: 'Failing',
      message: 'orders-nats-0 runs another configuration than ConfigMap orders-nats holds',
    }
    expect(await proof()).toMatchObject(told)
    expect(await reload()).toMatchObject({ state: 'done' })
    expect(await proof()).toEqual({ state: 'Proven', message: PROVEN })
    await node.configure(other())
    expect(await reload()).toMatchObject({ state: 'done' })
    expect(await proof()).toMatchObject(told)
  })

  test('and cannot be read again says so, and is well after a start', async () => {
    await started(notReloadable())
    await node.configure()
    expect(await reload()).toMatchObject({
      state: 'waiting',
      fault: 'does not reload: the configuration cannot be read again (500)',
    })
    expect(await proof()).toMatchObject({ state: 'Failing' })
    await started()
    expect(await proof()).toMatchObject({ state: 'Proven' })
  })

  test('but encrypts with another key is not the one that it should be', async () => {
    await started(
      { ...node.settings, ...{ jetstream: { ...(notReloadable()['jetstream'] as Block) } } },
      issued,
      `${KEY}0`,
    )
    expect(await proof()).toMatchObject({ state: 'Failing' })
    await started({ ...node.settings })
    expect(await proof()).toMatchObject({ state: 'Proven' })
  })
})

test('a node that turns the system account away is told, and asked again when it is let in', async () => {
  const { accounts, system_account: account, ...rest } = node.settings
  expect(account).toBe('SYS')
  const { APP } = accounts as Block
  await started({ ...rest, accounts: { APP: APP ?? {} } })
  const seen = await proof()
  expect(seen).toMatchObject({
    state: 'Failing',
    message: 'orders-nats-0 does not let the system account in',
  })
})

test('a node that does not answer is not proven, however short the time since it was', async () => {
  node.signal('SIGSTOP')
  expect(await proof()).toMatchObject({ state: 'Failing', message: 'orders-nats-0 cannot be reached' })
  node.signal('SIGCONT')
  expect(await proof()).toMatchObject({ state: 'Proven' })
})

test('a node that does not believe our certificate tells nothing, and that is no proof', async () => {
  const own = await makeCa({ role: 'ca', commonName: 'own', durationMs: HOUR_MS }, new Date())
  const before = issued
  issued = await leafOf({ certificate: own['tls.crt'], key: own['tls.key'] }, [HOST])
  try {
    await started()
    const seen = await proof()
    // Its system account has a certificate of the other CA here.
    expect(seen).toMatchObject({ state: 'Unknown' })
    expect(seen.message).toMatch(/^orders-nats-0 runs a configuration that cannot be looked at: /)
  } finally {
    issued = before
  }
})
