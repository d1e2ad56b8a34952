/** docs/rights.md: every right of the operator with the reason for it. */
import { rightsObjects } from './rbac.ts'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** By `resources` and, where one has two rules, its group. A right without one does not get into the manifests. */
const REASONS: Readonly<Record<string, string>> = {
  batchsenders: 'what is wanted',
  'batchsenders/status': 'to say what is',
  'batchsenders/finalizers':
    'owner references that block the deletion of their owner, where the cluster enforces that (OpenShift does); no finalizer is set',
  secrets:
    'keys and certificates of NATS are made and renewed; Secrets that a spec names are read. The code deletes none, and changes none that it did not make; RBAC cannot say that',
  configmaps:
    'configuration of NATS; flags are read; dashboards are made, and removed when they are not wanted any more',
  services: 'the API, the inner port of the workers, NATS',
  statefulsets: 'nodes of NATS. None is ever deleted: volumes hang on them',
  poddisruptionbudgets: 'one worker and one node of NATS may be evicted at a time',
  networkpolicies: 'who may reach whom; removed when `network.policies` is `Disabled`, or a part is gone',
  jobs: 'migrations, a backup on request, probes of the network; finished ones are removed',
  serviceaccounts: 'pods of ours have one of their own, without any right',
  deployments: 'workers',
  horizontalpodautoscalers: '`worker.autoscaling`; removed with it',
  servicemonitors: '`monitoring.serviceMonitor`, where prometheus-operator is; removed with it',
  prometheusrules: '`monitoring.rules`, where prometheus-operator is; removed with it',
  cronjobs: 'backups, their verification and retention; removed with them',
  middlewares: '`gateway.rateLimit` at Traefik; removed with it',
  backendtrafficpolicies: '`gateway.rateLimit` at Envoy Gateway; removed with it',
  httproutes: '`gateway`; removed with it',
  persistentvolumeclaims: 'whether a volume of NATS is there, and large enough',
  pods: 'why a pod does not start, which is told nowhere else',
  'events.k8s.io/events': 'to tell what happened',
  '/events': 'why a Job or a StatefulSet cannot make its pods, which is told nowhere else',
}

const groupOf = ({ apiGroups: [group = ''] }: Rule): string => group

/** @throws Error naming a right that nobody gave a reason for, or a reason for what is no right */
export function rightsDocs(): string {
  const { namespaced, clusterWide, lease } = rightsObjects()
  const rules = rulesOf(namespaced)
  const extra = rulesOf(clusterWide).filter((rule) => rule.resources[0] === 'leases')
  const open = new Set(Object.keys(REASONS))
  const rows = rules.map((rule) => {
    const [resource = ''] = rule.resources
    const key = [resource, `${groupOf(rule)}/${resource}`].find((one) => one in REASONS)
    if (key === undefined) throw new Error(`docs/rights.md: no reason for ${groupOf(rule)}/${resource}`)
    open.delete(key)
    return row(rule, REASONS[key] ?? '')
  })
  if (open.size > 0) throw new Error(`docs/rights.md: no such right: ${[...open].join(', ')}`)
  return [
    '# Rights of the operator',
    'What the Role of the namespaced form, and the ClusterRole of the cluster-wide one, let it do. Both are made from what the parts of the operator declare that they own, read and remove. It asks for nothing by `*`, not for `pods/exec`, and may not change RBAC. But whoever may create workloads may run any image under any ServiceAccount of the namespace: whoever takes over the operator has the namespaces that it watches, and in the cluster-wide form the cluster.',
    table(rows),
    '## The Lease',
    'In its own namespace, so that one of several is at work:',
    table(rulesOf(lease).map((rule) => row(rule, 'who is at work'))),
    'In the cluster-wide form beside, for every namespace:',
    table(extra.map((rule) => row(rule, 'whether another operator is at work on the same object'))),
    'What those get who may write BatchSenders: [SECURITY.md](../SECURITY.md#what-a-holder-of-edit-can-do).',
    '',
  ].join('\n\n')
}

const rulesOf = (objects: readonly object[]): readonly Rule[] =>
  objects.flatMap((object) => ('rules' in object ? (object.rules as readonly Rule[]) : []))

const table = (rows: readonly string[]): string =>
  ['| Group | Resource | Verbs | Why |', '| --- | --- | --- | --- |', ...rows].join('\n')

function row(rule: Rule, why: string): string {
  const names = rule.resourceNames === undefined ? '' : `, of the name ${rule.resourceNames.join(', ')}`
  return `| ${groupOf(rule) || 'core'} | \`${rule.resources.join(', ')}\`${names} | ${rule.verbs.join(', ')} | ${why} |`
}
