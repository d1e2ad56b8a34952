/** What the operator does against a real API server. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'nats'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { startNats } from '../../hack/servers/nats.ts'
import { makeCa, makeLeaf } from '../src/adapters/certificateAuthority.ts'
import { kstatusOf } from '../src/testing/kstatus.ts'
import { condition, Harness, ROOT } from './harness.ts'
import { KINDS } from './objects.ts'

const cluster = new Harness()

beforeAll(() => cluster.start())
afterAll(() => cluster.stop())
beforeEach(() => cluster.newNamespace())

describe('the API server', () => {
  it.each([
    {
      why: 'no provider',
      spec: { worker: { provider: {}, http: { tokensSecretRef: { name: 'x' } } } },
      says: /spec\.worker\.provider/,
    },
    {
      why: 'both kinds of NATS',
      spec: { nats: { managed: {}, external: { servers: ['tls://n:4222'] } } },
      says: /exactly one of spec\.nats\.managed/,
    },
    {
      why: 'two NATS nodes',
      spec: { nats: { managed: { replicas: 2 } } },
      says: /spec\.nats\.managed\.replicas/,
    },
    {
      why: 'a renewal longer than the life',
      spec: { nats: { managed: {}, tls: { duration: '10h', renewBefore: '11h' } } },
      says: /renewBefore must be shorter/,
    },
    {
      why: 'a duration in days',
      spec: { nats: { managed: {}, tls: { duration: '90d' } } },
      says: /spec\.nats\.tls\.duration/,
    },
    { why: 'an unknown field', spec: { wroker: {} }, says: /wroker/ },
    {
      why: 'a plain ClickHouse address',
      spec: { clickhouse: { external: { url: 'http://c:8123' } } },
      says: /insecure: true/,
    },
    {
      why: 'labels that are not the user’s',
      spec: {
        worker: {
          provider: { smtp: { host: 'm' } },
          http: { tokensSecretRef: { name: 'x' } },
          podLabels: { 'app.kubernetes.io/name': 'x' },
        },
      },
      says: /podLabels/,
    },
  ])('refuses $why and names the field', async ({ spec, says }) => {
    await expect(cluster.apply(cluster.batchSender(spec))).rejects.toThrow(says)
  })

  // The manifests that they lead to are written in golden.test.ts.
  it.each(['minimal', 'demo', 'full', 'external', 'three-nodes', 'gateway'])(
    'takes the sample %s',
    async (sample) => {
      const text = await readFile(join(ROOT, `config/samples/${sample}.yaml`), 'utf8')
      const objects = parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject)
      expect(objects.length).toBeGreaterThan(0)
      await Promise.all(
        objects.map(({ metadata, ...rest }) => {
          const here = { ...metadata, namespace: cluster.namespace, ownerReferences: [] }
          return cluster.api.apply({ ...rest, metadata: here }, { dryRun: true })
        }),
      )
    },
  )

  const refusal = (needs: string) => new RegExp(`spec\\.worker\\.features\\.${needs} goes with provider`)
  const worker = {
    provider: { smtp: { host: 'mail.example.com' } },
    http: { tokensSecretRef: { name: 'api-tokens' } },
  }
  it.each([
    { why: 'none is named', features: { provider: 'ConfigMap' }, says: refusal('configMapRef') },
    { why: 'the flags are missing', features: { provider: 'Env' }, says: refusal('flags') },
    { why: 'the server is missing', features: { provider: 'Unleash' }, says: refusal('unleash') },
    {
      why: 'two are named',
      features: { provider: 'Env', flags: { 'wide-claims': 5 }, configMapRef: { name: 'flags' } },
      says: refusal('configMapRef'),
    },
  ])('refuses feature flags whose place is not that of their provider: $why', async ({ features, says }) => {
    await expect(cluster.apply(cluster.batchSender({ worker: { ...worker, features } }))).rejects.toThrow(
      says,
    )
  })

  it('refuses a name that is too long for its children', async () => {
    await expect(cluster.apply(cluster.batchSender({}, 'a'.repeat(36)))).rejects.toThrow(
      /metadata\.name must be at most 35/,
    )
  })

  it('refuses to switch the kind of NATS, to shrink it, and to rename the database', async () => {
    const clickhouse = { external: { url: 'https://c' } }
    await cluster.apply(cluster.batchSender({ nats: { managed: { replicas: 3 } }, clickhouse }))
    await expect(
      cluster.apply(cluster.batchSender({ nats: { managed: { replicas: 1 } }, clickhouse })),
    ).rejects.toThrow(/can only grow/)
    await expect(
      cluster.apply(cluster.batchSender({ nats: { external: { servers: ['tls://n:1'] } }, clickhouse })),
    ).rejects.toThrow(/cannot switch/)
    await expect(
      cluster.apply(
        cluster.batchSender({
          nats: { managed: { replicas: 3 } },
          clickhouse: { ...clickhouse, database: 'x' },
        }),
      ),
    ).rejects.toThrow(/database cannot change/)
    await expect(
      cluster.inNamespace([
        'patch',
        'bs',
        'orders',
        '--type=json',
        '-p',
        '[{"op":"remove","path":"/spec/clickhouse"}]',
      ]),
    ).rejects.toThrow(/cannot be removed/)
  })
})

/** @param path `spec.replicas` */
const at = (object: unknown, path: string) =>
  path
    .split('.')
    .reduce((value, field) => (value as Readonly<Record<string, unknown>> | undefined)?.[field], object)

describe('the operator', () => {
  it('names what is missing and goes on by itself when it comes', async () => {
    await cluster.apply(cluster.batchSender())
    const missing = await cluster.untilCondition('DependenciesReachable', 'False', 'SecretNotFound')
    expect(missing.message).toMatch(/postgres \(spec\.postgres\.credentialsSecretRef, keys url\)/)
    const seen = await cluster.status()
    expect(kstatusOf(seen.generation, seen)).toBe('InProgress')
    await cluster.apply(cluster.secret('api-tokens', { alice: 'sha256:00' }))
    await cluster.apply(cluster.secret('postgres', { wrong: 'x' }))
    expect(
      (await cluster.untilCondition('DependenciesReachable', 'False', 'SecretKeyNotFound')).message,
    ).toContain('postgres lacks url')
    await cluster.applySecrets()
    await cluster.untilCondition('DependenciesReachable', 'True', 'Resolved')
  })

  it('starts the workers after the migration and makes everything they need', async () => {
    await cluster.bringUp()
    const names = await cluster.inNamespace(['get', KINDS.join(','), '-o', 'name'])
    for (const name of [
      'secret/orders-nats-ca',
      'secret/orders-nats-server',
      'secret/orders-nats-worker',
      'configmap/orders-nats',
      'service/orders-nats',
      'statefulset.apps/orders-nats',
      'deployment.apps/orders-worker',
      'service/orders-worker',
      'serviceaccount/orders-worker',
      'poddisruptionbudget.policy/orders-worker',
    ])
      expect(names).toContain(name)
  })

  it('leaves an object of somebody else alone, and stalls', async () => {
    await cluster.apply(cluster.secret('orders-nats-server', { theirs: 'precious' }))
    const before = await cluster.get('secret', 'orders-nats-server')
    await cluster.applySecrets()
    await cluster.apply(cluster.batchSender())
    const conflict = await cluster.untilCondition('Stalled', 'True', 'NameConflict')
    expect(conflict.message).toContain('Secret orders-nats-server')
    expect(await cluster.get('secret', 'orders-nats-server')).toEqual(before)
    const seen = await cluster.status()
    expect(kstatusOf(seen.generation, seen)).toBe('Failed')
    await cluster.inNamespace(['delete', 'secret', 'orders-nats-server'])
    await cluster.inNamespace(['annotate', 'bs', 'orders', 'batchsender.io/requestedAt=now'])
    await cluster.untilCondition('NatsTLSReady', 'True', 'Issued')
    expect((await cluster.status()).lastHandledReconcileAt).toBe('now')
  })

  it.each([
    'secret/orders-nats-ca',
    'secret/orders-nats-server',
    'secret/orders-nats-worker',
    'secret/orders-fingerprint',
    'configmap/orders-nats',
    'service/orders-nats',
    'statefulset/orders-nats',
    'poddisruptionbudget/orders-nats',
    'serviceaccount/orders-worker',
    'service/orders-worker',
    'poddisruptionbudget/orders-worker',
    'networkpolicy/orders-default-deny',
    'networkpolicy/orders-worker',
    'deployment/orders-worker',
  ])('brings back %s when it is deleted', async (child) => {
    const [kind = '', name = ''] = child.split('/')
    await cluster.bringUp()
    const before = await cluster.get(kind, name)
    await cluster.inNamespace(['delete', kind, name, '--wait=true', '--cascade=background'])
    await cluster.eventually(`${child} is back`, async () => {
      const now = await cluster.get(kind, name)
      return now && now.metadata.uid !== before?.metadata.uid ? now : undefined
    })
  })

  it.each([
    { child: 'configmap/orders-nats', patch: { data: { 'nats.conf': 'port: 1' } }, path: 'data' },
    {
      child: 'service/orders-worker',
      patch: { spec: { selector: { app: 'theirs' } } },
      path: 'spec.selector',
    },
    { child: 'statefulset/orders-nats', patch: { spec: { replicas: 0 } }, path: 'spec.replicas' },
    {
      child: 'poddisruptionbudget/orders-nats',
      patch: { spec: { maxUnavailable: 0 } },
      path: 'spec.maxUnavailable',
    },
    { child: 'networkpolicy/orders-nats', patch: { spec: { ingress: [{}] } }, path: 'spec.ingress' },
    { child: 'deployment/orders-worker', patch: { spec: { replicas: 7 } }, path: 'spec.replicas' },
    {
      child: 'serviceaccount/orders-worker',
      patch: { automountServiceAccountToken: true },
      path: 'automountServiceAccountToken',
    },
  ])('puts $path of $child back and says who had changed it', async ({ child, patch, path }) => {
    const [kind = '', name = ''] = child.split('/')
    await cluster.bringUp()
    const read = async () => JSON.stringify(at(await cluster.get(kind, name), path))
    const before = await read()
    await cluster.inNamespace([
      'patch',
      kind,
      name,
      '--field-manager=somebody',
      '--type=merge',
      '-p',
      JSON.stringify(patch),
    ])
    await cluster.eventually(`${path} is put back`, async () =>
      (await read()) === before ? true : undefined,
    )
    await cluster.eventually('the contest is told', async () => {
      const told = (await cluster.status()).evidence?.contested?.find(({ manager }) => manager === 'somebody')
      return told?.object.endsWith(name) ? told : undefined
    })
  })

  it('does not let a fight over a field become a hot loop', async () => {
    await cluster.bringUp()
    const writesBefore = (await cluster.operatorWrites()).length
    const rounds = 40
    for (let round = 0; round < rounds; round += 1)
      await cluster.inNamespace([
        'patch',
        'service',
        'orders-worker',
        '--field-manager=fighter',
        '--type=merge',
        '-p',
        `{"spec":{"selector":{"app":"r${round}"}}}`,
      ])
    const answers = (await cluster.operatorWrites())
      .slice(writesBefore)
      .filter((write) => write.startsWith('patch services/'))
    // Each answer is an unforced try, later another one, and a forced one; there are ever longer pauses between them.
    expect(answers.length).toBeGreaterThan(0)
    expect(answers.length).toBeLessThan(rounds)
    const told = (await cluster.status()).evidence?.contested?.find(({ manager }) => manager === 'fighter')
    expect(told?.count).toBeGreaterThanOrEqual(3)
  })

  it('makes a corrupted certificate anew', async () => {
    await cluster.bringUp()
    const patch = JSON.stringify({ data: { 'tls.crt': Buffer.from('garbage').toString('base64') } })
    await cluster.inNamespace(['patch', 'secret', 'orders-nats-server', '--type=merge', '-p', patch])
    await cluster.eventually('a new certificate', async () => {
      const data = (await cluster.get('secret', 'orders-nats-server'))?.['data'] as
        Record<string, string> | undefined
      return Buffer.from(data?.['tls.crt'] ?? '', 'base64')
        .toString()
        .startsWith('-----BEGIN')
        ? true
        : undefined
    })
  })

  it('takes up the CA again that an earlier BatchSender of that name left', async () => {
    await cluster.bringUp()
    const before = await cluster.get('secret', 'orders-nats-ca')
    await cluster.inNamespace(['delete', 'bs', 'orders'])
    // No garbage collector runs here: what it would remove is removed by hand.
    await cluster.inNamespace([
      'delete',
      KINDS.filter((kind) => kind !== 'secrets').join(','),
      '-l',
      'app.kubernetes.io/instance=orders',
    ])
    await cluster.inNamespace(['delete', 'secrets', '-l', 'app.kubernetes.io/instance=orders'])
    await cluster.apply(cluster.batchSender())
    await cluster.untilCondition('NatsTLSReady', 'True', 'Issued')
    expect((await cluster.get('secret', 'orders-nats-ca'))?.metadata.uid).toBe(before?.metadata.uid)
  })

  it('writes nothing after a restart', async () => {
    await cluster.bringUp()
    await cluster.looked()
    const before = await cluster.settled()
    await cluster.operator.stop()
    const writesBefore = await cluster.operatorWrites()
    await cluster.startOperator()
    await sleep(5_000)
    // Senders of earlier tests are still on their way to somewhere: what is asked for is that one at rest stays at rest.
    const writes = (await cluster.operatorWrites()).slice(writesBefore.length)
    expect(writes.filter((write) => write.endsWith(` in ${cluster.namespace}`))).toEqual([])
    expect((await cluster.versions()).split('\n')).toEqual(before.split('\n'))
  })

  it('touches nothing while suspended, and heals afterwards', async () => {
    await cluster.bringUp()
    await cluster.inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', '{"spec":{"suspend":true}}'])
    await cluster.eventually('Suspended', async () => condition(await cluster.status(), 'Suspended'))
    const [columns = '', row = ''] = (await cluster.inNamespace(['get', 'bs', 'orders'])).split('\n')
    expect(row.slice(columns.search('SUSPENDED')).split(/\s/)[0]).toBe('True')
    await cluster.inNamespace(['delete', 'service', 'orders-worker'])
    await sleep(1_500)
    expect(await cluster.get('service', 'orders-worker')).toBeUndefined()
    await cluster.inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', '{"spec":{"suspend":false}}'])
    await cluster.eventually('the Service', () => cluster.get('service', 'orders-worker'))
  })

  it('tells in the words of the server what is wrong with a pod spec that it passes on', async () => {
    await cluster.bringUp()
    const patch = { spec: { worker: { tolerations: [{ key: 'x', operator: 'Nonsense' }] } } }
    await cluster.inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', JSON.stringify(patch)])
    const fault = await cluster.untilCondition('SpecValid', 'False', 'Invalid')
    expect(fault.message).toMatch(/tolerations\[0\]\.operator/)
    await cluster.inNamespace([
      'patch',
      'bs',
      'orders',
      '--type=merge',
      '-p',
      '{"spec":{"worker":{"tolerations":null}}}',
    ])
    await cluster.untilCondition('SpecValid', 'True', 'Valid')
  })

  it('follows kubectl scale', async () => {
    await cluster.applySecrets()
    await cluster.apply(
      cluster.batchSender({ worker: { ...cluster.batchSender().spec.worker, replicas: 3 } }),
    )
    await cluster.completeMigration()
    await cluster.eventually('the Deployment', () => cluster.get('deployment', 'orders-worker'))
    await cluster.inNamespace(['scale', 'batchsender/orders', '--replicas=5'])
    await cluster.eventually('five workers are wanted', async () => {
      const replicas = await cluster.inNamespace([
        'get',
        'deployment',
        'orders-worker',
        '-o',
        'jsonpath={.spec.replicas}',
      ])
      return replicas === '5' ? true : undefined
    })
    expect((await cluster.status()).workers?.selector).toContain('app.kubernetes.io/instance=orders')
  })

  it('keeps stream and consumer on a NATS of the user’s, over mutual TLS', async () => {
    const ca = await makeCa({ role: 'ca', commonName: 'test', durationMs: 3_600_000 }, new Date())
    const leaf = await makeLeaf(
      {
        role: 'leaf',
        commonName: 'nats',
        dnsNames: ['localhost'],
        addresses: ['127.0.0.1'],
        usages: ['serverAuth', 'clientAuth'],
        durationMs: 3_600_000,
        issuerSecret: '',
      },
      { certificate: ca['tls.crt'], key: ca['tls.key'] },
      new Date(),
    )
    const directory = await mkdtemp(join(tmpdir(), 'batchsender-tls-'))
    const file = async (name: string, text: string) => {
      await writeFile(join(directory, name), text)
      return join(directory, name)
    }
    const nats = await startNats({
      tls: {
        cert: await file('tls.crt', leaf['tls.crt']),
        key: await file('tls.key', leaf['tls.key']),
        ca: await file('ca.crt', leaf['ca.crt']),
      },
    })
    try {
      await cluster.applySecrets()
      await cluster.apply(cluster.secret('nats-client', leaf))
      await cluster.apply(
        cluster.batchSender({
          nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats-client' } } },
        }),
      )
      await cluster.untilCondition('NatsReady', 'True', 'Available')
      const connection = await connect({
        servers: nats.url,
        tls: { cert: leaf['tls.crt'], key: leaf['tls.key'], ca: leaf['ca.crt'] },
      })
      const manager = await connection.jetstreamManager()
      const stream = `batchsender-${cluster.namespace}-orders`
      expect((await manager.consumers.info(stream, 'worker')).config.ack_wait).toBe(60_000_000_000)
      await manager.streams.delete(stream)
      await cluster.inNamespace(['annotate', 'bs', 'orders', 'batchsender.io/requestedAt=heal'])
      await cluster.eventually(
        'the stream is back',
        () => manager.streams.info(stream).catch(() => undefined),
        45_000,
      )
      await connection.close()
      expect(await cluster.get('statefulset', 'orders-nats')).toBeUndefined()
      expect(condition(await cluster.status(), 'NatsTLSReady')?.reason).toBe('Provided')
    } finally {
      await nats.stop()
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('says nothing secret anywhere', async () => {
    await cluster.bringUp()
    const told = [
      cluster.operator.output(),
      await cluster.inNamespace(['get', 'bs,events,deployments,jobs,statefulsets,configmaps', '-o', 'json']),
    ].join('\n')
    expect(told).not.toContain('canary-password')
    expect(told).not.toContain(Buffer.from('canary-password').toString('base64').slice(0, 12))
  })
})
