/**
 * Rounds of probes against a real API server: Jobs made once, on change and daily, and reports that are believed of
 * nobody but their pods. The test plays Job controller and kubelet; packets are for the e2e tests.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { Harness } from './harness.ts'
import { typed } from './terminal.ts'

const cluster = new Harness()

beforeAll(() => cluster.start())
afterAll(() => cluster.stop())
beforeEach(() => cluster.newNamespace())

/** Without NATS and workers of its own, the operator has nowhere to knock: rounds begin with the policies. */
const SPEC = {
  worker: {
    replicas: 0,
    provider: { smtp: { host: 'mail.example.com' } },
    http: { tokensSecretRef: { name: 'api-tokens' } },
  },
  nats: { external: { servers: ['tls://nats.example.com:4222'] } },
  clickhouse: {
    external: { url: 'https://clickhouse.example.com:8443' },
    backup: { destination: { namedCollection: 'backup_s3' } },
  },
}
const ROLES = ['backup', 'worker']

interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
  readonly spec: {
    readonly containers: readonly [{ readonly command: readonly string[]; readonly image: string }]
  }
}

describe('a round of probes', () => {
  it('is made once, proves with what its pods report, and leaves nothing behind', async () => {
    const jobs = await begin()
    expect(jobs.map(roleOf)).toEqual(ROLES)
    for (const job of jobs) await reportOf(job)
    const proven = await untilCheck('Proven')
    expect(proven.message).toMatch(/as (a worker, a backup Job|a backup Job, a worker) 4 connections/)
    await untilNoJobs()
    const before = await cluster.settled()
    await cluster.hurry()
    await cluster.eventually('it was looked at', async () => {
      const { lastHandledReconcileAt } = await cluster.status()
      return lastHandledReconcileAt === undefined ? undefined : true
    })
    expect(jobsIn(await cluster.settled())).toEqual(jobsIn(before))
    expect(await probeJobs()).toEqual([])
  })

  it('comes again when a NetworkPolicy of somebody else is about its pods, and names what it lets through', async () => {
    for (const job of await begin()) await reportOf(job)
    await untilCheck('Proven')
    await untilNoJobs()
    await backdate({ begunAt: -120 })
    await cluster.apply(hole('elsewhere', { matchLabels: { app: 'something-else' } }))
    await cluster.apply(hole('hole', { matchLabels: { 'app.kubernetes.io/component': 'worker' } }))
    const again = await untilJobs()
    for (const job of again) await reportOf(job, (expected) => (roleOf(job) === 'worker' ? 'o' : expected))
    const failing = await untilCheck('Failing')
    expect(failing.message).toContain('a worker reaches the metadata of the cloud on port 80')
    expect(failing.message).toContain('about these pods: hole (')
  })

  it('that proved nothing comes again as soon as it is asked for', async () => {
    for (const job of await begin()) await end(job)
    await untilNoJobs()
    await backdate({ begunAt: -120, last: -110 })
    await typed(cluster, procedure('docs/networkPolicies.md#probe-now'))
    for (const job of await untilJobs()) await reportOf(job)
    await untilCheck('Proven')
  })

  it('comes again a day later', async () => {
    for (const job of await begin()) await reportOf(job)
    await untilCheck('Proven')
    await untilNoJobs()
    await backdate({ begunAt: -86_500, last: -86_490 })
    await cluster.hurry()
    expect((await untilJobs()).map(roleOf)).toEqual(ROLES)
  })

  it('tells what keeps its pods from being made, and calls it no breach', async () => {
    const [job] = await begin()
    const { name, uid } = job?.metadata ?? { name: '' }
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'refused' },
      involvedObject: { apiVersion: 'batch/v1', kind: 'Job', name, namespace: cluster.namespace, uid },
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Error creating: pods "${name}-x" is forbidden: exceeded quota: small`,
      lastTimestamp: new Date().toISOString(),
    })
    await cluster.eventually('the quota is told', async () => {
      await cluster.hurry()
      const check = await networkEnforced()
      return check?.state === 'Unknown' && check.message.includes('exceeded quota: small') ? true : undefined
    })
  })

  it('believes neither Jobs nor pods that somebody else made', async () => {
    const jobs = await begin()
    const [job] = jobs
    if (!job) throw new Error('no Job')
    // A Job with every mark of ours, and a pod of our own Job that runs something else.
    const { template } = job['spec'] as { template: PodTemplate }
    const { labels = {}, ownerReferences = [] } = job.metadata
    await cluster.apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { labels, ownerReferences, name: `${job.metadata.name.slice(0, -8)}ffffffff` },
      spec: { template: { ...template, metadata: { labels: ours(template) } } },
    })
    await cluster.eventually('the forged Job is removed', async () =>
      (await probeJobs()).length === jobs.length ? true : undefined,
    )
    await reportOf(job, undefined, { image: 'registry.local/forged:1' })
    for (const one of jobs.slice(1)) await reportOf(one)
    for (const one of jobs) await end(one)
    const unknown = await cluster.eventually('it is judged', async () => {
      const check = await networkEnforced()
      return check?.message.includes('left no report of its own program') ? check : undefined
    })
    expect(unknown.state).toBe('Unknown')
  })

  it('is not for those whose policies are disabled', async () => {
    await begin()
    const patch = JSON.stringify({ spec: { network: { policies: 'Disabled' } } })
    await cluster.inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', patch])
    await untilCheck('NotConfigured')
    await untilNoJobs()
    expect((await cluster.status()).networkProbes).toBeUndefined()
  })
})

async function begin(): Promise<readonly KubernetesObject[]> {
  await cluster.applySecrets()
  await cluster.apply(cluster.batchSender(SPEC))
  return untilJobs()
}

const roleOf = (job: KubernetesObject) => job.metadata.labels?.['batchsender.io/probe'] ?? ''

async function probeJobs(): Promise<readonly KubernetesObject[]> {
  const all = await cluster.api.list('jobs', cluster.namespace)
  return all
    .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'probe')
    .sort((left, right) => roleOf(left).localeCompare(roleOf(right)))
}

const jobsIn = (versions: string) => versions.split('\n').filter((line) => line.startsWith('Job/'))

/** All of a round, as the status names them. */
const untilJobs = () =>
  cluster.eventually('a round begins', async () => {
    const jobs = await probeJobs()
    const known = (await cluster.status()).networkProbes?.round?.jobs ?? []
    return known.length === ROLES.length &&
      known.every(({ uid }) => jobs.some(({ metadata }) => metadata.uid === uid))
      ? jobs
      : undefined
  })

const untilNoJobs = () =>
  cluster.eventually('the Jobs of the round are gone', async () =>
    (await probeJobs()).length === 0 ? true : undefined,
  )

async function networkEnforced() {
  return (await cluster.status()).checks?.find(({ name }) => name === 'network-enforced')
}

const untilCheck = (state: string) =>
  cluster.eventually(`network-enforced ${state}`, async () => {
    const check = await networkEnforced()
    return check?.state === state ? check : undefined
  })

const ours = ({ metadata }: PodTemplate) =>
  Object.fromEntries(Object.entries(metadata.labels).filter(([key]) => !/controller-uid|job-name/.test(key)))

/** The pod of a Job comes to its end as the kubelet would tell it. @param fate of each attempt; as it should be when left out */
async function reportOf(
  job: KubernetesObject,
  fate: (expected: string) => string = (expected) => expected,
  otherwise: object = {},
): Promise<void> {
  const { template } = job['spec'] as { template: PodTemplate }
  const [container] = template.spec.containers
  const name = `${job.metadata.name}-abcde`
  await cluster.api.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: cluster.namespace,
      labels: ours(template),
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'Job',
          name: job.metadata.name,
          uid: job.metadata.uid ?? '',
          controller: true,
        },
      ],
    },
    spec: {
      ...template.spec,
      serviceAccountName: undefined,
      serviceAccount: undefined,
      containers: [{ ...container, ...otherwise }],
    },
  })
  const attempts = JSON.parse(container.command[2] ?? '[]') as [string, number, string][]
  const probe = attempts.map(([, , expected]) => fate(expected.charAt(0))).join('')
  const terminated = { exitCode: 0, message: JSON.stringify({ probe }), containerID: 'containerd://1' }
  const containerStatuses = [
    {
      name: 'probe',
      image: container.image,
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { terminated },
    },
  ]
  await cluster.api.patch(
    { kind: 'pod', namespace: cluster.namespace, name, subresource: 'status' },
    { status: { phase: 'Succeeded', containerStatuses } },
  )
}

/** As the Job controller ends one, a while ago. */
async function end({ metadata: { name } }: KubernetesObject): Promise<void> {
  const then = new Date(Date.now() - 60_000).toISOString()
  const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: then,
  }))
  await cluster.api.patch(
    { kind: 'job', namespace: cluster.namespace, name, subresource: 'status' },
    { status: { startTime: then, completionTime: then, succeeded: 1, conditions } },
  )
}

/** The calendar moves: what was remembered becomes older by so many seconds. */
async function backdate(by: { readonly begunAt: number; readonly last?: number }): Promise<void> {
  const { networkProbes } = await cluster.status()
  const moved = (seconds: number) => `${new Date(Date.now() + seconds * 1_000).toISOString().slice(0, 19)}Z`
  await cluster.api.patch(
    { kind: 'batchsender', namespace: cluster.namespace, name: 'orders', subresource: 'status' },
    {
      status: {
        networkProbes: {
          begunAt: moved(by.begunAt),
          ...(by.last !== undefined && { last: { ...networkProbes?.last, at: moved(by.last) } }),
        },
      },
    },
  )
}

const hole = (name: string, podSelector: object): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name },
  spec: { podSelector, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] },
})
