/** Certificates of managed NATS on a real API server: CAs of the user's, and what follows when they change. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { certificateFacts } from '../src/adapters/certificateFacts.ts'
import { certificatesIn, isPlain } from '../src/adapters/pem.ts'
import { fingerprint } from '../src/adapters/trust.ts'
import { authority, forgedLeaf, type Authority } from '../src/testing/certificates.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { runControllers } from './controllers.ts'
import { condition, Harness } from './harness.ts'
import { terminal } from './terminal.ts'

const cluster = new Harness()
const LEAVES = ['server', 'worker', 'operator', 'system'].map((name) => `orders-nats-${name}`)

beforeAll(() => cluster.start())
afterAll(() => cluster.stop())
beforeEach(() => cluster.newNamespace())

const own = { nats: { managed: {}, tls: { issuerSecretRef: { name: 'our-ca' } } } }

const caSecret = ({ certificate, key }: Pick<Authority, 'certificate' | 'key'>, roots?: string) =>
  cluster.apply(
    cluster.secret('our-ca', {
      'tls.crt': certificate,
      'tls.key': key,
      ...(roots !== undefined && { 'ca.crt': roots }),
    }),
  )

/** As docs/certificates.md has it, for the first one as well. */
async function replaceCa({ certificate, key }: Pick<Authority, 'certificate' | 'key'>): Promise<void> {
  const reader = await terminal(cluster)
  await writeFile(join(reader.dir, 'ca.crt'), certificate)
  await writeFile(join(reader.dir, 'ca.key'), key)
  await reader.run(procedure('docs/certificates.md#replace-ca').text)
  await reader.close()
}

async function held(secret: string): Promise<Record<'tls.crt' | 'tls.key' | 'ca.crt', string>> {
  const data = ((await cluster.get('secret', secret))?.['data'] ?? {}) as Record<string, string>
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  return { 'tls.crt': text('tls.crt'), 'tls.key': text('tls.key'), 'ca.crt': text('ca.crt') }
}

const facts = async (secret: string) => {
  const { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': trust } = await held(secret)
  return certificateFacts(certificate, key, trust)
}

/** The operator looks at the user's Secrets now and then: it is asked to look now. */
const eventually = <Result>(what: string, look: () => Promise<Result | undefined>) =>
  cluster.eventually(what, async () => {
    await cluster.hurry()
    await sleep(500)
    return look()
  })

const isTrustedEverywhere = async ({ certificate }: Pick<Authority, 'certificate'>) => {
  const [wanted] = certificatesIn(certificate)
  const all = await Promise.all(LEAVES.map((name) => facts(name)))
  return all.every((one) => wanted !== undefined && one?.trusts.includes(fingerprint(wanted)))
    ? true
    : undefined
}

const isSignedBy = async ({ certificate, key }: Pick<Authority, 'certificate' | 'key'>) => {
  const wanted = certificateFacts(certificate, key, undefined)?.keyHash
  const all = await Promise.all(LEAVES.map((name) => facts(name)))
  return all.every((one) => one?.issuerKeyHash === wanted) ? true : undefined
}

const isPlainPem = (text: string) => isPlain(text, certificatesIn(text))

describe('a CA of the user', () => {
  it.each(['before', 'after'] as const)(
    'that cannot sign is told in a sentence when it comes %s the BatchSender, and everything else goes on',
    async (order) => {
      const useless = await authority('useless', 'ed25519')
      await cluster.applySecrets()
      if (order === 'before') await caSecret(useless)
      await cluster.apply(cluster.batchSender(own))
      if (order === 'after') {
        await cluster.untilCondition('DependenciesReachable', 'False', 'SecretNotFound')
        await caSecret(useless)
      }
      const { message } = await cluster.untilCondition('NatsTLSReady', 'False', 'IssuerUnusable')
      expect(message).toBe(
        'the CA in Secret our-ca cannot be used: a key of type ed25519 cannot sign here: use P-256, P-384, P-521 or RSA of 2048 bits',
      )
      expect(condition(await cluster.status(), 'DependenciesReachable')?.status).toBe('True')
      await caSecret(await authority('of use', 'p384'))
      await eventually('certificates', async () =>
        condition(await cluster.status(), 'NatsTLSReady')?.status === 'True' ? true : undefined,
      )
    },
  )

  it('that becomes useless stops nothing of what was healed before', async () => {
    await cluster.applySecrets()
    await caSecret(await authority('of use'))
    await cluster.apply(cluster.batchSender(own))
    await cluster.completeMigration()
    await cluster.eventually('the Deployment', () => cluster.get('deployment', 'orders-worker'))
    await caSecret(await authority('useless', 'ed25519'))
    await eventually('the fault', async () =>
      condition(await cluster.status(), 'NatsTLSReady')?.reason === 'IssuerUnusable' ? true : undefined,
    )
    for (const name of ['orders-nats', 'orders-worker']) {
      await cluster.inNamespace(['delete', 'service', name])
      await cluster.eventually(`Service ${name}`, () => cluster.get('service', name))
    }
    expect(condition(await cluster.status(), 'Ready')?.status).toBe('False')
  })

  it('below a root gets chains and authorities that every reader takes, and a root to come reaches all', async () => {
    const root = await authority('root')
    const issuing = await authority('issuing', 'p384', { by: root })
    await cluster.applySecrets()
    await caSecret(issuing, root.certificate.trimEnd())
    await cluster.apply(cluster.batchSender(own))
    await cluster.untilCondition('NatsTLSReady', 'True', 'Issued')
    for (const name of LEAVES) {
      const { 'tls.crt': chain, 'ca.crt': trust } = await held(name)
      expect([chain, trust].every(isPlainPem)).toBe(true)
      expect(certificatesIn(chain)).toHaveLength(2)
    }
    const before = await facts('orders-nats-server')
    const next = await authority('root to come')
    await caSecret(issuing, root.certificate + next.certificate)
    await eventually('the root to come', () => isTrustedEverywhere(next))
    expect((await facts('orders-nats-server'))?.serial).toBe(before?.serial)
  })

  it('gives way to another only when all trust that one and NATS was started anew with it', async () => {
    const [older, newer] = [await authority('older'), await authority('newer')]
    await cluster.applySecrets()
    await replaceCa(older)
    await cluster.apply(cluster.batchSender(own))
    const first = runControllers(cluster)
    await cluster.eventually('the Deployment', () => cluster.get('deployment', 'orders-worker'))
    await first.stop()
    await replaceCa(newer)
    await eventually('trust', () => isTrustedEverywhere(newer))
    await cluster.settled()
    // No controller has rolled NATS yet.
    expect(await isSignedBy(older)).toBe(true)
    const second = runControllers(cluster)
    await eventually('new certificates', () => isSignedBy(newer))
    await second.stop()
    expect(await isTrustedEverywhere(older)).toBe(true)
  })
})

describe('a certificate of somebody else’s in the Secret of the servers', () => {
  it('is made anew at once, and neither is its CA trusted nor NATS rolled for it', async () => {
    await cluster.applySecrets()
    await cluster.apply(cluster.batchSender({ nats: { managed: {} } }))
    await cluster.untilCondition('NatsTLSReady', 'True', 'Issued')
    await cluster.settled()
    const generation = async () => (await cluster.get('statefulset', 'orders-nats'))?.metadata.generation
    const [before, made] = [await generation(), await held('orders-nats-server')]
    const names = (await facts('orders-nats-server'))?.dnsNames ?? []
    const foreign = await authority('NATS CA of somebody else')
    const forged = await forgedLeaf(foreign, '7a', names)
    const data = {
      ...{ 'tls.crt': forged.certificate, 'tls.key': forged.key },
      'ca.crt': made['ca.crt'] + foreign.certificate,
    }
    const encoded = Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')])
    const secret = { kind: 'secret', namespace: cluster.namespace, name: 'orders-nats-server' }
    await cluster.api.patch(secret, { data: Object.fromEntries(encoded) as Record<string, string> })
    await cluster.eventually('another certificate', async () =>
      (await held('orders-nats-server'))['tls.crt'] === forged.certificate ? undefined : true,
    )
    await cluster.settled()
    expect((await held('orders-nats-server'))['ca.crt']).toBe(made['ca.crt'])
    expect(await generation()).toBe(before)
  })
})

describe('renewal', () => {
  it('is no loop, however long before the end it is asked for', async () => {
    await cluster.applySecrets()
    await cluster.apply(
      cluster.batchSender({ nats: { managed: {}, tls: { duration: '1h', renewBefore: '59m59s' } } }),
    )
    await cluster.untilCondition('NatsTLSReady', 'True', 'Issued')
    await cluster.settled()
    const before = (await cluster.operatorWrites()).length
    await cluster.hurry()
    await sleep(3_000)
    const writes = (await cluster.operatorWrites()).slice(before)
    expect(
      writes.filter((write) => write.includes(' secrets/') && write.endsWith(cluster.namespace)),
    ).toEqual([])
  })
})
