/**
 * The whole operator as a process against a real API server. No controller-manager and no kubelet run here: where a
 * Job has to end, the test writes its status as they would; pods, and so NATS, are left to the e2e tests.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'nats'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { BatchSenderStatus } from '../../crds/schema/status.ts'
import { binary } from '../../hack/cluster/binaries.ts'
import { run } from '../../hack/cluster/shell.ts'
import { startControlPlane, type ControlPlane } from '../../hack/servers/controlPlane.ts'
import { startNats } from '../../hack/servers/nats.ts'
import { makeCa, makeLeaf } from '../src/adapters/certificateAuthority.ts'
import { freePort, startProcess, untilReady, type ServerProcess } from '../../hack/servers/process.ts'
import { contractBreaches, kstatusOf } from '../src/testing/kstatus.ts'

const ROOT = join(import.meta.dirname, '../..')
const USER = 'batchsender-operator'

let plane: ControlPlane
let kubectlPath: string
let operator: ServerProcess
let namespace: string
let count = 0

interface Child {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string }
  readonly [field: string]: unknown
}

const kubectl = (args: readonly string[], input?: string) =>
  run(kubectlPath, ['--kubeconfig', plane.kubeconfig, ...args], input === undefined ? {} : { input })
const inNamespace = (args: readonly string[], input?: string) => kubectl(['-n', namespace, ...args], input)
const apply = (object: object) => inNamespace(['apply', '-f', '-'], JSON.stringify(object))

beforeAll(async () => {
  plane = await startControlPlane()
  kubectlPath = await binary('kubectl')
  await kubectl(['apply', '--server-side', '-k', join(ROOT, 'crds')])
  await kubectl(['wait', '--for=condition=Established', 'crd/batchsenders.batchsender.io', '--timeout=30s'])
  await kubectl(['create', 'namespace', 'batchsender-system'])
  // The rights of the manifests, for the user as whom the operator comes here.
  const rights = await kubectl(['kustomize', join(ROOT, 'config/rbac/cluster-wide')])
  const lease = await kubectl(['kustomize', join(ROOT, 'config/rbac/common')])
  await kubectl(['-n', 'batchsender-system', 'apply', '-f', '-'], boundToUser(`${rights}\n---\n${lease}`))
  operator = await startOperator()
})

afterAll(async () => {
  await operator.stop()
  await plane.stop()
})

beforeEach(async () => {
  count += 1
  namespace = `test-${count}`
  await kubectl(['create', 'namespace', namespace])
})

/** The same manifests with a user in place of the service account. */
function boundToUser(manifests: string): string {
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: USER }]
  return parseAllDocuments(manifests)
    .map((document) => document.toJS() as object)
    .map((object) => JSON.stringify('subjects' in object ? { ...object, subjects } : object))
    .join('\n---\n')
}

async function startOperator(): Promise<ServerProcess> {
  const port = await freePort()
  const started = startProcess(join(ROOT, 'node_modules/.bin/node'), [join(ROOT, 'operator/src/main.ts')], {
    env: {
      ...process.env,
      KUBECONFIG: await plane.kubeconfigFor({ name: USER }),
      PROBE_PORT: String(port),
      DIAL_LOOPBACK: 'true',
    },
  })
  await untilReady('the operator', started, async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok)
  return started
}

const secret = (name: string, stringData: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  stringData,
})

const batchSender = (spec: object = {}, name = 'orders') => ({
  apiVersion: 'batchsender.io/v1alpha1',
  kind: 'BatchSender',
  metadata: { name, namespace },
  spec: {
    worker: {
      provider: { smtp: { host: 'mail.example.com' } },
      http: { tokensSecretRef: { name: 'api-tokens' } },
    },
    postgres: { credentialsSecretRef: { name: 'postgres' } },
    nats: { managed: {} },
    ...spec,
  },
})

async function applySecrets(): Promise<void> {
  await apply(secret('api-tokens', { alice: 'sha256:00' }))
  await apply(secret('postgres', { url: 'postgres://u:canary-password@db/x' }))
}

async function get(kind: string, name: string): Promise<Child | undefined> {
  const text = await inNamespace(['get', kind, name, '--ignore-not-found', '-o', 'json'])
  return text.trim() === '' ? undefined : (JSON.parse(text) as Child)
}

async function status(name = 'orders'): Promise<BatchSenderStatus & { generation: number }> {
  const object = JSON.parse(await inNamespace(['get', 'bs', name, '-o', 'json'])) as {
    metadata: { generation: number }
    status: BatchSenderStatus
  }
  // Whatever status is ever seen keeps the contract.
  if (object.status.conditions)
    expect(contractBreaches(object.metadata.generation, object.status)).toEqual([])
  return { ...object.status, generation: object.metadata.generation }
}

const condition = (seen: BatchSenderStatus, type: string) => seen.conditions?.find((one) => one.type === type)

async function eventually<Result>(
  what: string,
  look: () => Promise<Result | undefined>,
  deadlineMs = 20_000,
): Promise<Result> {
  const until = Date.now() + deadlineMs
  for (;;) {
    const result = await look()
    if (result !== undefined) return result
    if (Date.now() > until)
      throw new Error(
        `${what}: not seen in time\n${JSON.stringify(await status(), null, 1)}\n${operator.output()}`,
      )
    await sleep(50)
  }
}

const untilCondition = (type: string, value: string, reason: string) =>
  eventually(`${type}=${value} ${reason}`, async () => {
    const found = condition(await status(), type)
    return found?.status === value && found.reason === reason ? found : undefined
  })

/** As the Job controller would, had the pod run. */
async function completeMigration(): Promise<void> {
  const name = await eventually('the migration Job', async () => {
    const list = await inNamespace(['get', 'jobs', '-o', 'jsonpath={.items[*].metadata.name}'])
    return list === '' ? undefined : list
  })
  const now = new Date().toISOString()
  const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: now,
  }))
  const patch = { status: { startTime: now, completionTime: now, succeeded: 1, conditions } }
  await inNamespace([
    'patch',
    'job',
    name,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify(patch),
  ])
}

async function bringUp(): Promise<void> {
  await applySecrets()
  await apply(batchSender())
  await completeMigration()
  await eventually('the Deployment', () => get('deployment', 'orders-worker'))
}

const KINDS = 'secrets,configmaps,services,serviceaccounts,statefulsets,poddisruptionbudgets,jobs,deployments'

async function versions(): Promise<string> {
  return kubectl([
    'get',
    '-A',
    `${KINDS},bs`,
    '-o',
    'jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}',
  ])
}

/** Versions of everything once nothing has changed for three seconds. */
async function settled(): Promise<string> {
  let last = await versions()
  for (let quiet = 0; quiet < 6; quiet += 1) {
    await sleep(500)
    const now = await versions()
    if (now !== last) quiet = 0
    last = now
  }
  return last
}

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
    await expect(apply(batchSender(spec))).rejects.toThrow(says)
  })

  it.each(['minimal', 'demo', 'full', 'external-nats'])(
    'takes the sample %s and every manifest it leads to',
    async (sample) => {
      await inNamespace([
        'apply',
        '--dry-run=server',
        '--validate=strict',
        '-f',
        join(ROOT, `config/samples/${sample}.yaml`),
      ])
      const manifests = parseAllDocuments(
        await readFile(join(ROOT, `operator/test/golden/${sample}.yaml`), 'utf8'),
      )
      for (const document of manifests) {
        const object = document.toJS() as { metadata: object }
        const here = { ...object, metadata: { ...object.metadata, namespace, ownerReferences: [] } }
        await inNamespace(
          ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'],
          JSON.stringify(here),
        )
      }
    },
  )

  it('refuses a name that is too long for its children', async () => {
    await expect(apply(batchSender({}, 'a'.repeat(36)))).rejects.toThrow(/metadata\.name must be at most 35/)
  })

  it('refuses to switch the kind of NATS, to shrink it, and to rename the database', async () => {
    const clickhouse = { external: { url: 'https://c' } }
    await apply(batchSender({ nats: { managed: { replicas: 3 } }, clickhouse }))
    await expect(apply(batchSender({ nats: { managed: { replicas: 1 } }, clickhouse }))).rejects.toThrow(
      /can only grow/,
    )
    await expect(
      apply(batchSender({ nats: { external: { servers: ['tls://n:1'] } }, clickhouse })),
    ).rejects.toThrow(/cannot switch/)
    await expect(
      apply(
        batchSender({ nats: { managed: { replicas: 3 } }, clickhouse: { ...clickhouse, database: 'x' } }),
      ),
    ).rejects.toThrow(/database cannot change/)
    await expect(
      inNamespace([
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

describe('the operator', () => {
  it('names what is missing and goes on by itself when it comes', async () => {
    await apply(batchSender())
    const missing = await untilCondition('DependenciesReachable', 'False', 'SecretNotFound')
    expect(missing.message).toMatch(/postgres \(spec\.postgres\.credentialsSecretRef, keys url\)/)
    const seen = await status()
    expect(kstatusOf(seen.generation, seen)).toBe('InProgress')
    await apply(secret('api-tokens', { alice: 'sha256:00' }))
    await apply(secret('postgres', { wrong: 'x' }))
    expect((await untilCondition('DependenciesReachable', 'False', 'SecretKeyNotFound')).message).toContain(
      'postgres lacks url',
    )
    await applySecrets()
    await untilCondition('DependenciesReachable', 'True', 'Resolved')
  })

  it('starts the workers after the migration and makes everything they need', async () => {
    await bringUp()
    const names = await inNamespace(['get', KINDS, '-o', 'name'])
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
    await apply(secret('orders-nats-server', { theirs: 'precious' }))
    const before = await get('secret', 'orders-nats-server')
    await applySecrets()
    await apply(batchSender())
    const conflict = await untilCondition('Stalled', 'True', 'NameConflict')
    expect(conflict.message).toContain('Secret orders-nats-server')
    expect(await get('secret', 'orders-nats-server')).toEqual(before)
    const seen = await status()
    expect(kstatusOf(seen.generation, seen)).toBe('Failed')
    await inNamespace(['delete', 'secret', 'orders-nats-server'])
    await inNamespace(['annotate', 'bs', 'orders', 'batchsender.io/requestedAt=now'])
    await untilCondition('NatsTLSReady', 'True', 'Issued')
    expect((await status()).lastHandledReconcileAt).toBe('now')
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
    'deployment/orders-worker',
  ])('brings back %s when it is deleted', async (child) => {
    const [kind = '', name = ''] = child.split('/')
    await bringUp()
    const before = await get(kind, name)
    await inNamespace(['delete', kind, name, '--wait=true', '--cascade=background'])
    await eventually(`${child} is back`, async () => {
      const now = await get(kind, name)
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
    { child: 'deployment/orders-worker', patch: { spec: { replicas: 7 } }, path: 'spec.replicas' },
    {
      child: 'serviceaccount/orders-worker',
      patch: { automountServiceAccountToken: true },
      path: 'automountServiceAccountToken',
    },
  ])('puts $path of $child back and says who had changed it', async ({ child, patch, path }) => {
    const [kind = '', name = ''] = child.split('/')
    await bringUp()
    const read = async () => inNamespace(['get', kind, name, '-o', `jsonpath={.${path}}`])
    const before = await read()
    await inNamespace([
      'patch',
      kind,
      name,
      '--field-manager=somebody',
      '--type=merge',
      '-p',
      JSON.stringify(patch),
    ])
    await eventually(`${path} is put back`, async () => ((await read()) === before ? true : undefined))
    await eventually('the contest is told', async () => {
      const told = (await status()).evidence?.contested?.find(({ manager }) => manager === 'somebody')
      return told?.object.endsWith(name) ? told : undefined
    })
  })

  it('does not let a fight over a field become a hot loop', async () => {
    await bringUp()
    const writesBefore = (await operatorWrites()).length
    const rounds = 40
    for (let round = 0; round < rounds; round += 1)
      await inNamespace([
        'patch',
        'service',
        'orders-worker',
        '--field-manager=fighter',
        '--type=merge',
        '-p',
        `{"spec":{"selector":{"app":"r${round}"}}}`,
      ])
    const answers = (await operatorWrites())
      .slice(writesBefore)
      .filter((write) => write.startsWith('patch services/'))
    // Each answer is an unforced try and a forced one.
    expect(answers.length).toBeGreaterThan(0)
    expect(answers.length).toBeLessThan(rounds / 2)
    const told = (await status()).evidence?.contested?.find(({ manager }) => manager === 'fighter')
    expect(told?.count).toBeGreaterThanOrEqual(3)
  })

  it('makes a corrupted certificate anew', async () => {
    await bringUp()
    const patch = JSON.stringify({ data: { 'tls.crt': Buffer.from('garbage').toString('base64') } })
    await inNamespace(['patch', 'secret', 'orders-nats-server', '--type=merge', '-p', patch])
    await eventually('a new certificate', async () => {
      const data = (await get('secret', 'orders-nats-server'))?.['data'] as Record<string, string> | undefined
      return Buffer.from(data?.['tls.crt'] ?? '', 'base64')
        .toString()
        .startsWith('-----BEGIN')
        ? true
        : undefined
    })
  })

  it('takes up the CA again that an earlier BatchSender of that name left', async () => {
    await bringUp()
    const before = await get('secret', 'orders-nats-ca')
    await inNamespace(['delete', 'bs', 'orders'])
    // No garbage collector runs here: what it would remove is removed by hand.
    await inNamespace(['delete', KINDS.replace('secrets,', ''), '-l', 'app.kubernetes.io/instance=orders'])
    await inNamespace(['delete', 'secrets', '-l', 'app.kubernetes.io/instance=orders'])
    await apply(batchSender())
    await untilCondition('NatsTLSReady', 'True', 'Issued')
    expect((await get('secret', 'orders-nats-ca'))?.metadata.uid).toBe(before?.metadata.uid)
  })

  it('writes nothing after a restart', async () => {
    await bringUp()
    const before = await settled()
    await operator.stop()
    const writesBefore = await operatorWrites()
    operator = await startOperator()
    await sleep(5_000)
    expect(await versions()).toBe(before)
    expect((await operatorWrites()).slice(writesBefore.length)).toEqual([])
  })

  it('touches nothing while suspended, and heals afterwards', async () => {
    await bringUp()
    await inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', '{"spec":{"suspend":true}}'])
    await eventually('Suspended', async () => condition(await status(), 'Suspended'))
    await inNamespace(['delete', 'service', 'orders-worker'])
    await sleep(1_500)
    expect(await get('service', 'orders-worker')).toBeUndefined()
    await inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', '{"spec":{"suspend":false}}'])
    await eventually('the Service', () => get('service', 'orders-worker'))
  })

  it('tells in the words of the server what is wrong with a pod spec that it passes on', async () => {
    await bringUp()
    const patch = { spec: { worker: { tolerations: [{ key: 'x', operator: 'Nonsense' }] } } }
    await inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', JSON.stringify(patch)])
    const fault = await untilCondition('SpecValid', 'False', 'Invalid')
    expect(fault.message).toMatch(/tolerations\[0\]\.operator/)
    await inNamespace([
      'patch',
      'bs',
      'orders',
      '--type=merge',
      '-p',
      '{"spec":{"worker":{"tolerations":null}}}',
    ])
    await untilCondition('SpecValid', 'True', 'Valid')
  })

  it('follows kubectl scale', async () => {
    await applySecrets()
    await apply(batchSender({ worker: { ...batchSender().spec.worker, replicas: 3 } }))
    await completeMigration()
    await eventually('the Deployment', () => get('deployment', 'orders-worker'))
    await inNamespace(['scale', 'batchsender/orders', '--replicas=5'])
    await eventually('five workers are wanted', async () => {
      const replicas = await inNamespace([
        'get',
        'deployment',
        'orders-worker',
        '-o',
        'jsonpath={.spec.replicas}',
      ])
      return replicas === '5' ? true : undefined
    })
    expect((await status()).workers?.selector).toContain('app.kubernetes.io/instance=orders')
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
      await applySecrets()
      await apply(secret('nats-client', leaf))
      await apply(
        batchSender({ nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats-client' } } } }),
      )
      await untilCondition('NatsReady', 'True', 'Available')
      const connection = await connect({
        servers: nats.url,
        tls: { cert: leaf['tls.crt'], key: leaf['tls.key'], ca: leaf['ca.crt'] },
      })
      const manager = await connection.jetstreamManager()
      const stream = `batchsender-${namespace}-orders`
      expect((await manager.consumers.info(stream, 'worker')).config.ack_wait).toBe(60_000_000_000)
      await manager.streams.delete(stream)
      await inNamespace(['annotate', 'bs', 'orders', 'batchsender.io/requestedAt=heal'])
      await eventually(
        'the stream is back',
        () => manager.streams.info(stream).catch(() => undefined),
        45_000,
      )
      await connection.close()
      expect(await get('statefulset', 'orders-nats')).toBeUndefined()
      expect(condition(await status(), 'NatsTLSReady')?.reason).toBe('Provided')
    } finally {
      await nats.stop()
      await rm(directory, { recursive: true, force: true })
    }
  }, 90_000)

  it('says nothing secret anywhere', async () => {
    await bringUp()
    const told = [
      operator.output(),
      await inNamespace(['get', 'bs,events,deployments,jobs,statefulsets,configmaps', '-o', 'json']),
    ].join('\n')
    expect(told).not.toContain('canary-password')
    expect(told).not.toContain(Buffer.from('canary-password').toString('base64').slice(0, 12))
  })
})

/** Writes of the operator as the audit log has them, without its lease. */
async function operatorWrites(): Promise<string[]> {
  return (await plane.audit())
    .filter(
      ({ user, verb, objectRef }) =>
        user.username === USER &&
        !['get', 'list', 'watch'].includes(verb) &&
        objectRef?.resource !== 'leases',
    )
    .map(
      ({ verb, objectRef }) =>
        `${verb} ${objectRef?.resource ?? ''}/${objectRef?.name ?? ''}/${objectRef?.subresource ?? ''}`,
    )
}
