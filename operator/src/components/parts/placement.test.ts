import { describe, expect, it } from 'vitest'
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import type { KubernetesObject } from '../../runtime/object.ts'
import { components } from '../index.ts'
import type { Snapshot } from '../snapshot.ts'
import { allReferences, children, reference, sender, snapshot, SPEC } from '../../testing/snapshots.ts'

const PLACED = {
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'mail', operator: 'Exists' }],
  priorityClassName: 'mail',
  imagePullSecrets: [{ name: 'registry' }],
}

const EVERYTHING: Pick<BatchSenderSpec, 'clickhouse'> = {
  clickhouse: {
    external: { url: 'https://clickhouse.example.com', credentialsSecretRef: { name: 'clickhouse' } },
    backup: {
      incrementalSchedule: '*/10 * * * *',
      verify: {},
      retention: {},
      destination: {
        namedCollection: 'backup_s3',
        s3: { endpoint: 'https://s3.example.com', bucket: 'mail', credentialsSecretRef: { name: 'bucket' } },
      },
    },
  },
}

interface Template {
  readonly metadata: {
    readonly labels: Record<string, string>
    readonly annotations?: Record<string, string>
  }
  readonly spec: Record<string, unknown> & {
    readonly securityContext: object
    readonly containers: readonly { readonly resources: object }[]
  }
}

/** Every pod that one BatchSender leads to, by the name of what makes it. */
function pods(
  worker: Partial<BatchSenderSpec['worker']>,
  more: Partial<BatchSenderSpec> = {},
  installation: Partial<Snapshot['installation']> = {},
): Map<string, Template> {
  const spec = { ...SPEC, ...EVERYTHING, ...more, worker: { ...SPEC.worker, ...worker } }
  const who = sender({ spec, requests: { backup: 'now' } })
  const references = allReferences()
    .set('clickhouse', reference('username', 'password'))
    .set('bucket', reference('accessKey', 'secretKey'))
  const before = snapshot({
    sender: who,
    references,
    installation: { ...snapshot().installation, ...installation },
  })
  const wished = (given: Snapshot) =>
    components
      .flatMap((component) => component.desired(given))
      .flatMap((wish) => (wish.type === 'object' ? [wish.object] : []))
  const jobs = wished(before).filter(({ kind }) => kind === 'Job')
  const done = jobs.map((job) => ({ ...job, status: { conditions: [{ type: 'Complete', status: 'True' }] } }))
  const all = [...jobs, ...wished({ ...before, children: children(...done) })]
  return new Map(
    all.flatMap((object) => {
      const template = templateOf(object)
      return template ? [[`${object.kind} ${object.metadata.name}`, template] as const] : []
    }),
  )
}

function templateOf(object: KubernetesObject): Template | undefined {
  const spec = (object['spec'] ?? {}) as {
    template?: Template
    jobTemplate?: { spec: { template: Template } }
  }
  return spec.jobTemplate?.spec.template ?? spec.template
}

describe('what the spec of the workers says of placement', () => {
  it('applies to every pod there is', () => {
    const all = pods({ ...PLACED, podLabels: { team: 'x' }, podAnnotations: { 'example.com/mesh': 'off' } })
    // Workers, NATS, the migration, four schedules and a backup on demand.
    expect(all.size).toBe(8)
    for (const [name, { spec, metadata }] of all) {
      expect({ name, ...spec }).toMatchObject({ name, ...PLACED })
      expect({ name, ...metadata.labels }).toMatchObject({ name, team: 'x' })
      expect({ name, ...metadata.annotations }).toMatchObject({ name, 'example.com/mesh': 'off' })
    }
  })

  it('says of neighbours nothing but to workers', () => {
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } }
    const affinity = { nodeAffinity, podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } }
    for (const [name, { spec }] of pods({ affinity }))
      expect({ name, affinity: spec['affinity'] }).toEqual({
        name,
        affinity: name === 'Deployment orders-worker' ? affinity : { nodeAffinity },
      })
  })

  it('gives way to what spec.nats.managed says', () => {
    const managed = {
      nodeSelector: {},
      tolerations: [],
      priorityClassName: 'queue',
      podAnnotations: { 'example.com/mesh': 'on' },
    }
    const all = pods({ ...PLACED, podAnnotations: { 'example.com/mesh': 'off' } }, { nats: { managed } })
    const { spec, metadata } = all.get('StatefulSet orders-nats') ?? {}
    expect(spec).toMatchObject({
      nodeSelector: {},
      tolerations: [],
      priorityClassName: 'queue',
      imagePullSecrets: PLACED.imagePullSecrets,
    })
    expect(metadata?.annotations).toMatchObject({ 'example.com/mesh': 'on' })
    expect(all.get('Deployment orders-worker')?.spec).toMatchObject(PLACED)
  })

  it('cannot take away the labels that select the pods', () => {
    const ours = Object.keys(pods({}).get('Deployment orders-worker')?.metadata.labels ?? {})
    const podLabels = Object.fromEntries(ours.map((label) => [label, 'theirs']))
    for (const [name, { metadata }] of pods({ podLabels }))
      expect({ name, ours: Object.values(metadata.labels) }).toEqual({
        name,
        ours: expect.not.arrayContaining(['theirs']) as unknown,
      })
  })
})

it('spreads NATS over nodes when there is more than one', () => {
  const spreadOf = (replicas: 1 | 3) =>
    pods({}, { nats: { managed: { replicas } } }).get('StatefulSet orders-nats')?.spec[
      'topologySpreadConstraints'
    ]
  expect(spreadOf(1)).toBeUndefined()
  expect(spreadOf(3)).toMatchObject([
    { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
  ])
})

it('takes resources of backups from the spec', () => {
  const resources = { limits: { cpu: '1', memory: '1Gi' } }
  const { clickhouse } = EVERYTHING
  const backup = clickhouse?.backup && { ...clickhouse.backup, resources }
  const all = pods({}, { clickhouse: { ...clickhouse, ...(backup && { backup }) } })
  const backups = [...all].filter(([name]) => name.includes('-backup-'))
  expect(backups).toHaveLength(5)
  for (const [name, { spec }] of backups)
    expect({ name, resources: spec.containers[0]?.resources }).toEqual({ name, resources })
})

it.each([
  { podUser: 'Fixed', users: { runAsUser: 65_532, runAsGroup: 65_532, fsGroup: 65_532 } },
  { podUser: 'Assigned', users: {} },
] as const)('names the user of every pod, or leaves it to the cluster: $podUser', ({ podUser, users }) => {
  for (const [name, { spec }] of pods({}, {}, { podUser }))
    expect({ name, ...spec.securityContext }).toEqual({
      name,
      runAsNonRoot: true,
      ...users,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    })
})
