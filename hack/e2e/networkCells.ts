/** The matrix of who may reach whom, cell by cell, and the pods and addresses that it speaks of. */

export const NAMESPACE = 'e2e-network'
export const OTHER = 'e2e-network-other'
export const METADATA = '169.254.169.254'
export const INSIDE_BLOCK = '203.0.113.10'
export const EXCEPTED = '203.0.113.200'
export const OUTSIDE_BLOCK = '198.51.100.10'

export const ours = (part: string) => ({
  'app.kubernetes.io/instance': 'orders',
  'app.kubernetes.io/component': part,
  'app.kubernetes.io/part-of': 'batchsender',
})

/** Pods that do nothing but have labels; the parts whose pods come and go are among them. */
export const IDLE = {
  neighbour: { namespace: NAMESPACE, labels: { app: 'neighbour' } },
  client: { namespace: NAMESPACE, labels: { app: 'client' } },
  migration: { namespace: NAMESPACE, labels: ours('migration') },
  backup: { namespace: NAMESPACE, labels: ours('backup') },
  verify: { namespace: NAMESPACE, labels: ours('verify') },
  retention: { namespace: NAMESPACE, labels: ours('retention') },
  stranger: { namespace: OTHER, labels: { app: 'stranger' } },
  'client label elsewhere': { namespace: OTHER, labels: { app: 'client' } },
  friend: { namespace: OTHER, labels: { app: 'friend' } },
  prometheus: { namespace: OTHER, labels: { app: 'prometheus' } },
  'worker label elsewhere': { namespace: OTHER, labels: ours('worker') },
} as const

/** A pod that probes has the labels of what it probes for. */
const NO_PROBE = '!batchsender.io/probe'

/** Pods that are there anyway. */
export const REAL = {
  worker: { namespace: NAMESPACE, selector: `app.kubernetes.io/component=worker,${NO_PROBE}` },
  nats: { namespace: NAMESPACE, selector: 'statefulset.kubernetes.io/pod-name=orders-nats-0' },
  'other nats': { namespace: NAMESPACE, selector: 'statefulset.kubernetes.io/pod-name=orders-nats-1' },
  postgres: { namespace: NAMESPACE, selector: 'app=postgres' },
  clickhouse: { namespace: NAMESPACE, selector: 'app=clickhouse' },
  s3: { namespace: NAMESPACE, selector: 'app=s3' },
  smtp: { namespace: NAMESPACE, selector: 'app=smtp-sink' },
  operator: { namespace: 'batchsender-system', selector: 'app.kubernetes.io/name=batchsender-operator' },
} as const

/** Addresses that are no pod's: DNS and the API by their Services, and who stands outside the cluster. */
export const ADDRESSES = {
  dns: '10.96.0.10',
  'api server': '10.96.0.1',
  node: '10.250.0.1',
  metadata: METADATA,
  'inside the block': INSIDE_BLOCK,
  'excepted from the block': EXCEPTED,
  'outside the block': OUTSIDE_BLOCK,
} as const

export type Pod = keyof typeof IDLE | keyof typeof REAL
export type Place = Pod | keyof typeof ADDRESSES | 'api service'
export type Cell = readonly [from: Pod, to: Place, port: number]

export const MUST_ALLOW: readonly Cell[] = [
  ['worker', 'dns', 53],
  ['nats', 'dns', 53],
  ['migration', 'dns', 53],
  ['backup', 'dns', 53],
  ['worker', 'nats', 4222],
  ['worker', 'postgres', 5432],
  ['worker', 'clickhouse', 8123],
  ['worker', 'smtp', 2525],
  ['worker', 'inside the block', 5432],
  ['migration', 'postgres', 5432],
  ['nats', 'other nats', 6222],
  ['operator', 'nats', 4222],
  ['operator', 'worker', 8081],
  ['client', 'worker', 8080],
  ['client', 'api service', 80],
  ['friend', 'worker', 8080],
  ['prometheus', 'worker', 8081],
  ['backup', 'clickhouse', 8123],
  ['verify', 'clickhouse', 8123],
  ['retention', 's3', 7070],
]

export const MUST_DENY: readonly Cell[] = [
  ['worker', 'nats', 6222],
  ['worker', 'nats', 8222],
  ['worker', 'metadata', 80],
  ['worker', 'metadata', 5432],
  ['worker', 'api server', 443],
  ['worker', 'node', 6443],
  ['worker', 's3', 7070],
  ['worker', 'smtp', 8025],
  ['worker', 'neighbour', 8080],
  ['worker', 'excepted from the block', 5432],
  ['worker', 'outside the block', 5432],
  ['worker', 'inside the block', 443],
  ['nats', 'worker', 8080],
  ['nats', 'other nats', 4222],
  ['nats', 'postgres', 5432],
  ['nats', 'metadata', 80],
  ['migration', 'nats', 4222],
  ['migration', 'clickhouse', 8123],
  ['migration', 'smtp', 2525],
  ['migration', 'metadata', 80],
  ['backup', 's3', 7070],
  ['backup', 'nats', 4222],
  ['backup', 'postgres', 5432],
  ['backup', 'metadata', 80],
  ['verify', 's3', 7070],
  ['retention', 'clickhouse', 8123],
  ['retention', 'metadata', 80],
  ['operator', 'nats', 6222],
  ['operator', 'nats', 8222],
  ['operator', 'worker', 8080],
  ['neighbour', 'operator', 8080],
  ['stranger', 'operator', 8080],
  ['neighbour', 'worker', 8080],
  ['neighbour', 'worker', 8081],
  ['neighbour', 'api service', 80],
  ['neighbour', 'nats', 4222],
  ['neighbour', 'nats', 6222],
  ['neighbour', 'nats', 8222],
  ['neighbour', 'migration', 8080],
  ['neighbour', 'backup', 8080],
  ['client', 'nats', 4222],
  ['client', 'worker', 8081],
  ['stranger', 'worker', 8080],
  ['stranger', 'api service', 80],
  ['stranger', 'nats', 4222],
  ['client label elsewhere', 'worker', 8080],
  ['friend', 'nats', 4222],
  ['prometheus', 'worker', 8080],
  ['worker label elsewhere', 'nats', 4222],
  ['postgres', 'worker', 8080],
  ['smtp', 'nats', 4222],
]
