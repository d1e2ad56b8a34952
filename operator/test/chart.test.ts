/**
 * The chart, by Helm itself: what it renders beside what kustomize renders, every set of values before a real API
 * server, and what becomes of the definition. Only where Helm was built (`make peers`); that it was left out is told.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { RELEASE } from '../../crds/release.ts'
import { binary } from '../../hack/cluster/binaries.ts'
import { run } from '../../hack/cluster/shell.ts'
import { cachedHelm } from '../../hack/peers/helm.ts'
import { startControlPlane, type ControlPlane } from '../../hack/servers/controlPlane.ts'
import { monitoringKinds } from '../../hack/servers/monitoringKinds.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { ROOT } from './harness.ts'

const program = await cachedHelm()
if (program === undefined)
  console.log('LEFT OUT  operator/test/chart.test.ts: Helm is not built (make peers)')

const CHART = join(ROOT, 'config/chart')
const DEFINITION = 'batchsenders.batchsender.io'
const DIGEST = `sha256:${'0'.repeat(64)}`
const PROMETHEUS = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } },
  podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } },
}

/** Every value at least once as it is not by default (the test below counts), and the ways they are put together. */
const VALUES: Readonly<Record<string, object>> = {
  nothing: {},
  'every namespace': { clusterWide: true, replicas: 2 },
  'some namespaces': { watchNamespaces: ['mail', 'shop', 'mail'] },
  'a registry of one’s own': {
    images: {
      registry: 'registry.example.com:5000/team/',
      pullPolicy: 'Always',
      pullSecrets: [{ name: 'registry' }],
      operator: { repository: 'mail/operator', tag: '7', digest: DIGEST },
      worker: { repository: 'mail/worker', digest: DIGEST, tag: '' },
      nats: { repository: 'library/nats', tag: '2.15', digest: DIGEST },
    },
  },
  'a pod of one’s own': {
    replicas: 3,
    resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } },
    priorityClassName: 'system-cluster-critical',
    nodeSelector: { 'kubernetes.io/arch': 'amd64', truth: 'true' },
    tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'batchsender-operator' } },
          },
        ],
      },
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'batchsender-operator' } },
      },
    ],
    podLabels: { team: 'mail' },
    podAnnotations: { 'example.com/scrape': 'true' },
    serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/x' } },
    extraEnv: [
      { name: 'HTTPS_PROXY', value: 'http://proxy:3128' },
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ],
  },
  settings: { logLevel: 'debug', clusterDomain: 'cluster.example', podUser: 'Assigned' },
  monitored: {
    monitoring: { enabled: true, labels: { release: 'prometheus' } },
    networkPolicy: { metricsFrom: [PROMETHEUS] },
  },
  'no policy': { networkPolicy: { enabled: false } },
  'a second installation': { crds: { install: false }, userRoles: { create: false } },
}

/** What a person gets wrong, and the sentence that says so. */
const REFUSED: readonly (readonly [string, object, RegExp])[] = [
  ['a value that is not there', { replica: 2 }, /additional properties 'replica' not allowed/],
  ['a word for a number', { replicas: 'two' }, /'\/replicas': got string, want integer/],
  ['a level that is not there', { logLevel: 'trace' }, /'\/logLevel': value must be one of 'debug', 'info'/],
  [
    'a digest that is none',
    { images: { nats: { digest: 'latest' } } },
    /'\/images\/nats\/digest'.*does not match/,
  ],
  ['a namespace that is none', { watchNamespaces: ['Mail'] }, /'\/watchNamespaces\/0'.*does not match/],
  [
    'everything and some',
    { clusterWide: true, watchNamespaces: ['mail'] },
    /clusterWide keeps every namespace: leave watchNamespaces empty/,
  ],
  [
    'a setting that has a value',
    { extraEnv: [{ name: 'LOG_LEVEL', value: 'debug' }] },
    /extraEnv must not name LOG_LEVEL: set logLevel instead/,
  ],
  [
    'what the chart depends on',
    { extraEnv: [{ name: 'PROBE_PORT', value: '9' }] },
    /extraEnv must not name PROBE_PORT: the chart sets it/,
  ],
  [
    'an image without a version',
    { images: { worker: { tag: '' } } },
    /images\.worker needs a tag or a digest/,
  ],
  [
    'readers of metrics without a policy',
    { networkPolicy: { enabled: false, metricsFrom: [PROMETHEUS] } },
    /networkPolicy\.enabled is false: everybody may/,
  ],
]

const documentsOf = (text: string) =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null)

describe.skipIf(program === undefined)('the chart', () => {
  let folder: string
  let kubectl: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chart-'))
    kubectl = await binary('kubectl')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function helm(args: readonly string[], values: object = {}): Promise<string> {
    const file = join(folder, 'values.yaml')
    await writeFile(file, stringify(values))
    const [verb = '', ...rest] = args
    const withValues = ['template', 'lint', 'install', 'upgrade'].includes(verb) ? ['--values', file] : []
    // Nothing of the person who runs this: neither caches nor repositories.
    const env = { ...process.env, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder }
    return run(program ?? '', [verb, ...rest, ...withValues], { env })
  }

  const rendered = (values: object, namespace = 'batchsender-system') =>
    helm(['template', 'mails', CHART, '--namespace', namespace], values)

  it.each(Object.entries(VALUES))('passes lint with %s', async (_, values) => {
    expect(await helm(['lint', '--strict', CHART], values)).toContain('1 chart(s) linted, 0 chart(s) failed')
  })

  it.each(REFUSED)('refuses %s', async (_, values, sentence) => {
    await expect(rendered(values)).rejects.toThrow(sentence)
  })

  test('every value is tried as it is not by default', async () => {
    const leaves = (value: unknown, path: string, schema: Schema): readonly string[] =>
      schema.properties
        ? Object.entries(schema.properties).flatMap(([name, below]) =>
            leaves((value as Record<string, unknown> | undefined)?.[name], `${path}/${name}`, below),
          )
        : value === undefined || JSON.stringify(value) === JSON.stringify(schema.default)
          ? []
          : [path]
    interface Schema {
      readonly default?: unknown
      readonly properties?: Readonly<Record<string, Schema>>
    }
    const schema = JSON.parse(await readFile(join(CHART, 'values.schema.json'), 'utf8')) as Schema
    const all = (one: Schema, path = ''): readonly string[] =>
      one.properties
        ? Object.entries(one.properties).flatMap(([name, below]) => all(below, `${path}/${name}`))
        : [path]
    const tried = new Set(Object.values(VALUES).flatMap((values) => leaves(values, '', schema)))
    expect(all(schema).filter((path) => !tried.has(path) && path !== '/global')).toEqual([])
  })

  /** The chart leaves the namespace to Helm, and needs no object to tell its images to kustomize. */
  const ONLY_KUSTOMIZE = ['Namespace', 'PodTemplate']
  const HELMS_LABELS = [
    'app.kubernetes.io/instance',
    'app.kubernetes.io/managed-by',
    'app.kubernetes.io/version',
    'helm.sh/chart',
  ]

  const comparable = (text: string) =>
    documentsOf(text)
      .filter(({ kind }) => !ONLY_KUSTOMIZE.includes(kind))
      .map(({ metadata: { labels = {}, annotations = {}, ...metadata }, ...object }) => {
        const own = Object.entries(labels).filter(([name]) => !HELMS_LABELS.includes(name))
        const notes = Object.entries(annotations).filter(([name]) => name !== 'helm.sh/resource-policy')
        return {
          ...inOrder(object),
          kind: object.kind,
          metadata: { ...metadata, labels: Object.fromEntries(own), annotations: Object.fromEntries(notes) },
        }
      })
      .sort((one, other) => keyOf(one).localeCompare(keyOf(other)))
  /** The order of variables says nothing where none refers to another. */
  const inOrder = (object: object) =>
    JSON.parse(JSON.stringify(object), (key, value: unknown) =>
      key === 'env' ? (value as { name: string }[]).sort((a, b) => a.name.localeCompare(b.name)) : value,
    ) as object
  const keyOf = ({ kind, metadata }: { readonly kind: string; readonly metadata: { name: string } }) =>
    `${kind}/${metadata.name}`

  it.each([
    { form: 'default', values: {} },
    { form: 'cluster-wide', values: { clusterWide: true } },
  ])('makes what config/$form makes', async ({ form, values }) => {
    const plain = comparable(await run(kubectl, ['kustomize', join(ROOT, 'config', form)]))
    expect(plain.length).toBeGreaterThan(8)
    expect(comparable(await rendered(values))).toEqual(plain)
  })

  it('makes of monitoring what config/monitoring/operator makes', async () => {
    const kinds = ['Service', 'ServiceMonitor', 'PrometheusRule']
    const plain = comparable(await run(kubectl, ['kustomize', join(ROOT, 'config/monitoring/operator')]))
    const ours = comparable(await rendered({ monitoring: { enabled: true } }))
    expect(ours.filter(({ kind }) => kinds.includes(kind))).toEqual(plain)
  })

  const operatorOf = (text: string) => {
    const { template } = documentsOf(text).find(({ kind }) => kind === 'Deployment')?.['spec'] as {
      template: {
        spec: { containers: readonly [{ image: string; env: { name: string; value?: string }[] }] }
      }
    }
    const [{ image, env }] = template.spec.containers
    return { image, ...Object.fromEntries(env.map(({ name, value }) => [name, value])) }
  }

  it('names images by registry, tag and digest', async () => {
    expect(operatorOf(await rendered(VALUES['a registry of one’s own'] ?? {}))).toMatchObject({
      image: `registry.example.com:5000/team/mail/operator@${DIGEST}`,
      WORKER_IMAGE: `registry.example.com:5000/team/mail/worker@${DIGEST}`,
      NATS_IMAGE: `registry.example.com:5000/team/library/nats@${DIGEST}`,
      IMAGE_PULL_POLICY: 'Always',
    })
  })

  it('has rights where it keeps BatchSenders, and nowhere else', async () => {
    const text = await rendered(VALUES['some namespaces'] ?? {}, 'operators')
    const roles = documentsOf(text).filter(({ kind }) => kind === 'RoleBinding')
    expect(roles.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`).sort()).toEqual([
      'mail/batchsender-operator',
      'operators/batchsender-operator-lease',
      'shop/batchsender-operator',
    ])
    expect(operatorOf(text)).toMatchObject({ WATCH_NAMESPACES: 'mail,shop,mail' })
  })

  describe('before an API server', () => {
    let plane: ControlPlane
    let count = 0
    let namespace: string
    const ask = (args: readonly string[], input?: string) =>
      run(kubectl, ['--kubeconfig', plane.kubeconfig, ...args], input === undefined ? {} : { input })
    const there = (verb: string, args: readonly string[] = [], values: object = {}) =>
      helm([verb, 'mails', ...args, '--namespace', namespace, '--kubeconfig', plane.kubeconfig], values)
    const install = (values: object = {}, ...more: readonly string[]) =>
      there('install', [CHART, ...more], values)
    const upgrade = (values: object = {}, ...more: readonly string[]) =>
      there('upgrade', [CHART, ...more], values)

    interface Definition extends KubernetesObject {
      spec: {
        versions: [
          { schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown> } } } } },
        ]
      }
    }
    const definition = async () => {
      const text = await ask(['get', 'crd', DEFINITION, '--ignore-not-found', '-o', 'json'])
      return text === '' ? undefined : (JSON.parse(text) as Definition)
    }
    const fieldsOf = (one?: Definition) =>
      Object.keys(one?.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties ?? {})

    /** As a release that is another would have it: one field more. */
    async function definitionOf(version: string): Promise<string> {
      const text = await readFile(join(ROOT, 'crds/batchsenders.yaml'), 'utf8')
      const object = parse(text) as Definition
      object.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties['fromTheFuture'] = {
        type: 'string',
      }
      const labels = { ...object.metadata.labels, 'app.kubernetes.io/version': version }
      return stringify({ ...object, metadata: { ...object.metadata, labels } })
    }

    beforeAll(async () => {
      plane = await startControlPlane()
      await ask(
        ['apply', '--server-side', '-f', '-'],
        (await monitoringKinds()).map((kind) => stringify(kind)).join('---\n'),
      )
      for (const name of ['mail', 'shop', 'batchsender-system']) await ask(['create', 'namespace', name])
    })
    afterAll(() => plane.stop())
    beforeEach(async () => {
      count += 1
      namespace = `test-${count}`
      await ask(['create', 'namespace', namespace])
      return async () => {
        await there('uninstall').catch(() => '')
        await ask(['delete', 'crd', DEFINITION, '--ignore-not-found', '--wait=true'])
      }
    })

    it.each(Object.entries(VALUES))('is taken with %s', async (_, values) => {
      const answer = await ask(
        ['apply', '--server-side', '--dry-run=server', '-f', '-'],
        await rendered(values),
      )
      const objects = documentsOf(await rendered(values))
      expect(answer.trim().split('\n')).toHaveLength(objects.length)
    })

    it('is installed, changes nothing when it is upgraded to itself, and leaves the definition when it goes', async () => {
      await install()
      const versions = () =>
        ask([
          '-n',
          namespace,
          'get',
          'deployments,roles,rolebindings,serviceaccounts,networkpolicies',
          '-o',
          'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}',
        ])
      const before = [await versions(), (await definition())?.metadata.resourceVersion]
      await upgrade()
      expect([await versions(), (await definition())?.metadata.resourceVersion]).toEqual(before)
      await ask(['-n', namespace, 'apply', '-f', join(ROOT, 'config/samples/minimal.yaml')])
      expect(await there('uninstall')).toContain('kept due to the resource policy')
      const left = await ask(['-n', namespace, 'get', 'deployments,batchsenders', '-o', 'name'])
      expect(left.trim()).toBe('batchsender.batchsender.io/orders')
      await install()
      expect((await ask(['-n', namespace, 'get', 'bs', '-o', 'name'])).trim()).toBe(left.trim())
    })

    it('upgrades the definition of an older release of its own', async () => {
      await install()
      await ask(['label', 'crd', DEFINITION, 'app.kubernetes.io/version=0.0.1', '--overwrite'])
      await ask([
        'patch',
        'crd',
        DEFINITION,
        '--type=json',
        '-p',
        '[{"op":"remove","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/gateway"}]',
      ])
      expect(fieldsOf(await definition())).not.toContain('gateway')
      await upgrade({}, '--force-conflicts')
      expect(fieldsOf(await definition())).toContain('gateway')
      expect((await definition())?.metadata.labels).toMatchObject({
        'app.kubernetes.io/version': RELEASE.version,
      })
    })

    it.each(['its own', 'kubectl'])(
      'leaves the definition of a newer release as it is, made by %s',
      async (maker) => {
        if (maker === 'its own') await install()
        await ask(
          ['apply', '--server-side', '--force-conflicts', '-f', '-'],
          await definitionOf('99.0.0-rc.1'),
        )
        if (maker === 'its own') await upgrade()
        else await install()
        expect(fieldsOf(await definition())).toContain('fromTheFuture')
        expect((await definition())?.metadata.labels).toMatchObject({
          'app.kubernetes.io/version': '99.0.0-rc.1',
        })
        await there('uninstall')
        expect(fieldsOf(await definition())).toContain('fromTheFuture')
      },
    )

    it('takes over the older definition of somebody else when it is told to, and says so before', async () => {
      await ask(['apply', '--server-side', '-f', '-'], await definitionOf('0.0.1'))
      await expect(install()).rejects.toThrow(/cannot be imported into the current release|ownership/)
      await install({}, '--take-ownership', '--force-conflicts')
      expect(fieldsOf(await definition())).not.toContain('fromTheFuture')
      expect((await definition())?.metadata.annotations).toMatchObject({
        'meta.helm.sh/release-name': 'mails',
      })
    })

    it('stands beside another that has the definition and the roles for users', async () => {
      await install()
      const first = namespace
      namespace = `${first}-second`
      await ask(['create', 'namespace', namespace])
      await install(VALUES['a second installation'])
      await there('uninstall')
      namespace = first
      expect((await ask(['-n', first, 'get', 'deployments', '-o', 'name'])).trim()).not.toBe('')
    })
  })
})
