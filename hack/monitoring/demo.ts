/** The demo of `make run` as one who watches it needs it: asked for alerts, open to this machine. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { RuleGroup } from '../../operator/src/components/monitoring/alerts/alert.ts'
import { OPERATOR } from '../../operator/src/vocabulary/labels.ts'
import { OPERATOR_NAMESPACE } from '../../operator/src/settings.ts'
import { ensureCluster, isUp, kubectl, type Cluster } from '../cluster/cluster.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { monitoringKind } from '../servers/monitoringKinds.ts'

const NAMESPACE = 'demo'
const NAME = 'orders'
/** This machine, on the link to the local cluster. */
const HERE = [{ ipBlock: { cidr: '10.250.0.2/32' } }]

/** Whoever tries an alert does not want to wait for a quarter of an hour. */
const SOON = { stuckBatchAge: '1m', providerAway: '30s' }

interface Sender {
  readonly spec: {
    readonly network: object
    readonly readiness?: { readonly waive?: readonly { readonly check: string }[] }
    readonly [field: string]: unknown
  }
  readonly [field: string]: unknown
}

/** @throws Error when it does not run */
export async function runningDemo(): Promise<Cluster> {
  if (process.env['CLUSTER'] === 'current')
    throw new Error(
      '`make monitoring` is for the local cluster: Prometheus on this machine has to reach pods',
    )
  const isThere = async (cluster: Cluster) =>
    kubectl(cluster, ['-n', NAMESPACE, 'get', 'bs', NAME]).then(
      () => true,
      () => false,
    )
  const cluster = (await isUp()) ? await ensureCluster() : undefined
  if (!cluster || !(await isThere(cluster)))
    throw new Error('`make run` first: it brings up what is to be watched')
  return cluster
}

/** Lets Prometheus on this machine reach the operator, and gives the cluster the kinds that it is asked by. */
export async function prepareMonitoring(cluster: Cluster): Promise<void> {
  for (const plural of ['servicemonitors', 'prometheusrules'] as const) {
    await apply(cluster, await monitoringKind(plural))
    const definition = `crd/${plural}.monitoring.coreos.com`
    await kubectl(cluster, ['wait', '--for=condition=Established', definition, '--timeout=60s'])
  }
  await apply(cluster, operatorOpen, OPERATOR_NAMESPACE)
}

/** Has the operator write objects of these kinds. */
export async function askForMonitoring(cluster: Cluster): Promise<void> {
  await prepareMonitoring(cluster)
  const file = join(repositoryDir, 'config/samples/demo.yaml')
  const sample = parse(await readFile(file, 'utf8')) as Sender
  const { network, readiness, ...spec } = sample.spec
  const waive = readiness?.waive?.filter(({ check }) => check !== 'monitoring') ?? []
  await apply(cluster, {
    ...sample,
    spec: {
      ...spec,
      network: { ...network, monitoring: HERE },
      monitoring: { serviceMonitor: {}, rules: { thresholds: SOON }, dashboards: {} },
      ...(waive.length > 0 && { readiness: { waive } }),
    },
  })
  const written = `prometheusrule/${NAME}-alerts`
  await kubectl(cluster, ['-n', NAMESPACE, 'wait', '--for=create', written, '--timeout=120s'])
}

const apply = (cluster: Cluster, object: object, namespace = NAMESPACE) =>
  kubectl(cluster, ['-n', namespace, 'apply', '--server-side', '-f', '-'], JSON.stringify(object))

/** config/samples/overlay/metrics.yaml, for this machine. */
const operatorOpen = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: `${OPERATOR}-metrics`, namespace: OPERATOR_NAMESPACE },
  spec: {
    podSelector: { matchLabels: { 'app.kubernetes.io/name': OPERATOR } },
    policyTypes: ['Ingress'],
    ingress: [{ from: HERE, ports: [{ port: 'probes' }] }],
  },
}

interface RulesObject {
  readonly spec: { readonly groups: readonly RuleGroup[] }
}

/** As the operator wrote them, and those about itself. */
export async function rulesInCluster(cluster: Cluster, namespace = NAMESPACE): Promise<readonly RuleGroup[]> {
  const text = await kubectl(cluster, [
    ...['-n', namespace, 'get', 'prometheusrule', `${NAME}-alerts`],
    ...['-o', 'json'],
  ])
  const file = join(repositoryDir, 'config/monitoring/operator/prometheusRule.yaml')
  const ofOperator = parse(await readFile(file, 'utf8')) as RulesObject
  return [...(JSON.parse(text) as RulesObject).spec.groups, ...ofOperator.spec.groups]
}
