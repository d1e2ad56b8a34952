/** The values of the chart: what each is, by default and in words. values.yaml, its schema and the table derive from here. */
import Type, { type TObject, type TProperties } from 'typebox'
import type { Image, Release } from '../../../crds/release.ts'

const closed = <Fields extends TProperties>(description: string, fields: Fields): TObject<Fields> =>
  Type.Object(fields, { additionalProperties: false, description })

const text = (description: string, more: object = {}) => Type.String({ default: '', description, ...more })
const flag = (description: string, standard: boolean) => Type.Boolean({ default: standard, description })
/** What Kubernetes itself describes: the API server judges it. */
const open = (description: string, standard: object = {}) =>
  Type.Unsafe({ type: 'object', default: standard, description })
const list = (description: string, items: object = { type: 'object' }) =>
  Type.Unsafe({ type: 'array', items, default: [], description })
const texts = (description: string) =>
  Type.Unsafe({ type: 'object', additionalProperties: { type: 'string' }, default: {}, description })
const choice = (description: string, standard: string, of: readonly string[]) =>
  Type.Unsafe({ type: 'string', enum: of, default: standard, description })

const NAMESPACE = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' }
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']

const image = (whose: string, { name, tag }: Image) =>
  closed(`Image of ${whose}.`, {
    repository: text('Without registry and tag, where `images.registry` is set.', {
      default: name,
      minLength: 1,
    }),
    tag: text('Not needed beside a digest.', { default: tag }),
    digest: text('`sha256:…`; wins over the tag.', { pattern: '^(sha256:[0-9a-f]{64})?$' }),
  })

/** @param resources of the container as its manifests have them */
export const valuesOf = ({ images }: Release, resources: object) =>
  closed('Values of the chart batchsender-operator.', {
    images: closed('What is pulled. The operator gives the last two to the pods that it makes.', {
      registry: text('Put before every repository: `registry.example.com/team`.'),
      pullPolicy: choice('Of the operator and of the pods that it makes.', 'IfNotPresent', PULL_POLICIES),
      pullSecrets: list(
        'Of the operator: `[{ name: registry }]`. Its pods: `imagePullSecrets` of a BatchSender.',
      ),
      operator: image('the operator', images.operator),
      worker: image('workers, migrations and backups', images.worker),
      nats: image('a managed NATS', images.nats),
    }),
    clusterWide: flag(
      'Keeps the BatchSenders of every namespace, and can read every Secret of the cluster.',
      false,
    ),
    watchNamespaces: list(
      'Keeps those of these namespaces, which have to exist. Empty: of its own namespace.',
      NAMESPACE,
    ),
    replicas: Type.Integer({
      default: 1,
      minimum: 0,
      maximum: 10,
      description: 'A second one stands by; a lease says who works.',
    }),
    resources: open('Of the operator.', resources),
    priorityClassName: text('Of the operator.'),
    nodeSelector: texts('Of the operator.'),
    tolerations: list('Of the operator.'),
    affinity: open('Of the operator.'),
    topologySpreadConstraints: list('Of the operator.'),
    podLabels: texts('More labels of the operator’s pods.'),
    podAnnotations: texts('Of the operator’s pods.'),
    serviceAccount: closed('Of the operator.', {
      annotations: texts('For an identity of a cloud, for example.'),
    }),
    logLevel: choice('JSON lines.', 'info', ['debug', 'info', 'warn', 'error']),
    clusterDomain: text('Domain of Services, which certificates name.', {
      default: 'cluster.local',
      minLength: 1,
    }),
    podUser: choice(
      '`Fixed`: pods run as user 65532. `Assigned`: as whom the cluster gives them, as OpenShift does.',
      'Fixed',
      ['Fixed', 'Assigned'],
    ),
    extraEnv: list(
      'More environment of the operator, such as proxies. Settings with a value here are refused.',
      {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string', minLength: 1 } },
      },
    ),
    networkPolicy: closed('Who may call the operator. The kubelet always may.', {
      enabled: flag('Nobody but `metricsFrom`.', true),
      metricsFrom: list('Peers of a NetworkPolicy that may read metrics: your Prometheus.'),
    }),
    monitoring: closed('For prometheus-operator, whose definitions have to be installed.', {
      enabled: flag(
        'A Service and a ServiceMonitor for its metrics, and alerts about the operator itself.',
        false,
      ),
      labels: texts('What your Prometheus chooses by: `{ release: prometheus }`.'),
    }),
    crds: closed('The definition of BatchSender.', {
      install: flag(
        'Installs and upgrades it; one of a newer release stays as it is. It is kept when the chart is removed.',
        true,
      ),
    }),
    userRoles: closed('What the roles `view` and `edit` may do with BatchSenders.', {
      create: flag('Cluster roles: `false` for a second installation in the same cluster.', true),
    }),
  })
