/** Everything about one BatchSender that helps somebody who cannot see the cluster, read with the rights of the caller. */
import type { BundleFile } from './archive.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { KubernetesObject, Resource } from '../../src/runtime/object.ts'
import type { Seen } from '../cluster/senders.ts'
import { stringify } from 'yaml'
import { RELEASE } from '../../../crds/release.ts'
import { references } from '../../src/components/connections/index.ts'
import { isUnknownKind } from '../../src/runtime/errors.ts'
import { OPERATOR_NAMESPACE } from '../../src/settings.ts'
import * as vocabulary from '../../src/vocabulary/kinds.ts'
import { INSTANCE, OPERATOR, RETAINED_FOR } from '../../src/vocabulary/labels.ts'
import { told } from '../cluster/told.ts'
import { pictureOf } from '../status/picture.ts'
import { statusText } from '../status/text.ts'
import { logsOf } from './logs.ts'
import { maskText, redacted } from './redact.ts'

const { BatchSender, Deployment, Lease, Pod, PersistentVolumeClaim, Secret } = vocabulary
const EVENT: Resource = { apiVersion: 'v1', kind: 'Event', plural: 'events', namespaced: true }
const REPLICA_SET: Resource = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  namespaced: true,
}

/** Kinds with objects of a BatchSender, by its label. */
const KINDS: readonly Resource[] = [
  ...Object.values(vocabulary).filter((kind) => kind !== BatchSender && kind !== Lease),
  REPLICA_SET,
]

export interface Collected {
  readonly files: readonly BundleFile[]
  /** What could not be read, in words; sorted. */
  readonly unread: readonly string[]
}

export async function collect(cluster: Cluster, seen: Seen, at: Date): Promise<Collected> {
  const unread: string[] = []
  const attempt = <Value>(what: string, instead: Value, work: () => Promise<Value>): Promise<Value> =>
    work().catch((error: unknown) => {
      if (!isUnknownKind(error)) unread.push(`${what}: ${told(error)}`)
      return instead
    })
  const objects = await childrenOf(cluster, seen, attempt)
  const pods = objects.filter(({ kind }) => kind === Pod.kind)
  const files = [
    { path: 'batchsender.yaml', text: yamlOf(seen.raw) },
    { path: 'status.txt', text: statusText(pictureOf(seen), 100, (_, text) => text) },
    ...objects.map((object) => ({ path: pathIn(object), text: yamlOf(object) })),
    {
      path: 'events.txt',
      text: eventsText(await attempt('events', [], () => cluster.list(EVENT, cluster.namespace)), [
        seen.raw,
        ...objects,
      ]),
    },
    ...(await logsOf(cluster, pods, 'logs', attempt)),
    ...(await operatorFiles(cluster, seen, attempt)),
    { path: 'versions.json', text: await versionsText(cluster, attempt) },
  ]
  const sorted = unread.toSorted()
  return {
    files: [...files, { path: 'README.txt', text: readme(cluster, seen, at, sorted) }],
    unread: sorted,
  }
}

export type Attempt = <Value>(what: string, instead: Value, work: () => Promise<Value>) => Promise<Value>

async function childrenOf(
  cluster: Cluster,
  seen: Seen,
  attempt: Attempt,
): Promise<readonly KubernetesObject[]> {
  const selectors = [`${INSTANCE}=${seen.name}`, `${RETAINED_FOR}=${seen.name}`]
  const lists = await Promise.all(
    KINDS.flatMap((kind) =>
      selectors.map((labels) =>
        attempt(`objects of kind ${kind.kind}`, [], () => cluster.list(kind, cluster.namespace, { labels })),
      ),
    ),
  )
  const named = [...new Set(references(seen.spec).map(({ secret }) => secret))]
  const secrets = await Promise.all(
    named.map((name) => attempt(`Secret ${name}`, undefined, () => cluster.get(Secret, name))),
  )
  const volumes = await attempt('volumes', [], () => cluster.list(PersistentVolumeClaim, cluster.namespace))
  const own = volumes.filter(({ metadata }) => metadata.name.startsWith(`data-${seen.name}-nats-`))
  const all = [...lists.flat(), ...secrets.flatMap((secret) => secret ?? []), ...own]
  return [...new Map(all.map((object) => [pathIn(object), object])).values()]
}

const pathIn = ({ kind, metadata }: KubernetesObject) => `objects/${kind}/${metadata.name}.yaml`

const yamlOf = (object: KubernetesObject) => stringify(redacted(object), { lineWidth: 0 })

interface Event {
  readonly involvedObject?: { readonly kind?: string; readonly name?: string }
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly lastTimestamp?: string
  readonly eventTime?: string
  readonly count?: number
}

function eventsText(events: readonly KubernetesObject[], about: readonly KubernetesObject[]): string {
  const known = new Set(about.map(({ kind, metadata }) => `${kind} ${metadata.name}`))
  const rows = events
    .map((event) => event as unknown as Event)
    .filter(({ involvedObject: { kind = '', name = '' } = {} }) => known.has(`${kind} ${name}`))
    .map(({ involvedObject, type, reason, message, lastTimestamp, eventTime, count }) =>
      [
        lastTimestamp ?? eventTime ?? '',
        type,
        `${involvedObject?.kind ?? ''}/${involvedObject?.name ?? ''}`,
        reason,
        `x${count ?? 1}`,
        maskText(message ?? '').replaceAll('\n', ' '),
      ].join(' '),
    )
  return `${rows.sort().join('\n')}\n`
}

async function operatorFiles(
  cluster: Cluster,
  { status }: Seen,
  attempt: Attempt,
): Promise<readonly BundleFile[]> {
  const there = cluster.in(status.operator ?? OPERATOR_NAMESPACE)
  const what = `the operator in namespace ${there.namespace}`
  const deployment = await attempt(what, undefined, () => there.get(Deployment, OPERATOR))
  if (!deployment) return []
  const selector = (deployment['spec'] as { selector?: { matchLabels?: Record<string, string> } }).selector
  const labels = Object.entries(selector?.matchLabels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(',')
  const pods = await attempt(`pods of ${what}`, [], () => there.list(Pod, there.namespace, { labels }))
  return [
    { path: 'operator/deployment.yaml', text: yamlOf(deployment) },
    ...pods.map((pod) => ({ path: `operator/pods/${pod.metadata.name}.yaml`, text: yamlOf(pod) })),
    ...(await logsOf(there, pods, 'operator/logs', attempt)),
  ]
}

async function versionsText(cluster: Cluster, attempt: Attempt): Promise<string> {
  const kubernetes = await attempt('the version of Kubernetes', undefined, async () => {
    const { body } = await cluster.transport.request<object>({
      method: 'GET',
      path: '/version',
      signal: cluster.signal,
    })
    return body
  })
  return `${JSON.stringify({ plugin: RELEASE.version, kubernetes }, undefined, 2)}\n`
}

function readme(cluster: Cluster, { namespace, name }: Seen, at: Date, unread: readonly string[]): string {
  return [
    `BatchSender ${namespace}/${name}, collected at ${at.toISOString()} by kubectl-batchsender ${RELEASE.version}`,
    `from ${maskText(cluster.server)}, with the rights of whoever ran it.`,
    '',
    'batchsender.yaml  the object        status.txt  what it means    objects/  what belongs to it',
    'events.txt        what happened     logs/       of its pods       operator/ of the operator',
    '',
    'Left out: the content of Secrets (names and sizes of their keys are there), values that look secret,',
    'names and passwords in addresses, addresses of people. Read it before you pass it on all the same.',
    '',
    unread.length === 0 ? 'All of it could be read.' : 'Could not be read:',
    ...unread.map((line) => `- ${maskText(line)}`),
    '',
  ].join('\n')
}
