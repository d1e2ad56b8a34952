import { describe, expect, it } from 'vitest'
import { parseMigrationSettings } from '../../../../crds/migrationSettings.ts'
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { JobManifest } from '../parts/manifests.ts'
import type { ReferenceFacts, Snapshot } from '../snapshot.ts'
import { allReferences, children, NOW, reference, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { COMPONENT } from '../../vocabulary/labels.ts'
import { migrationMemory, migrationOf, migrationSteps } from './migration.ts'

const withWorker = (more: Partial<BatchSenderSpec['worker']>, given: Partial<Snapshot> = {}) =>
  snapshot({ sender: sender({ spec: { ...SPEC, worker: { ...SPEC.worker, ...more } } }), ...given })

const withPostgres = (facts: ReferenceFacts, given: Partial<Snapshot> = {}) =>
  snapshot({ references: allReferences().set('postgres', facts), ...given })

const prints = (fingerprints: Readonly<Record<string, string>>): ReferenceFacts => ({
  found: true,
  keys: Object.keys(fingerprints),
  fingerprints,
})

const made = (given: Snapshot): JobManifest[] =>
  migrationSteps(given).flatMap((wish) =>
    wish.type === 'object' && wish.object.kind === 'Job' ? [wish.object as JobManifest] : [],
  )

const gone = (given: Snapshot): string[] =>
  migrationSteps(given).flatMap((wish) => (wish.type === 'absent' ? [wish.name] : []))

function jobOf(given: Snapshot, status: object = {}): KubernetesObject {
  const [job] = made(given)
  if (!job) throw new Error('no Job is wanted')
  return { ...job, status }
}

const ended = (type: 'Complete' | 'Failed', agoMs = 0) => ({
  conditions: [
    {
      type,
      status: 'True',
      message: 'boom',
      lastTransitionTime: new Date(NOW.getTime() - agoMs).toISOString(),
    },
  ],
})

/** The status as it stands after a migration of the present image and database. */
const remembered = () => ({
  status: migrationMemory(snapshot({ children: children(jobOf(snapshot(), ended('Complete'))) })),
})

const EDITS: readonly { what: string; spec: Partial<BatchSenderSpec['worker']> }[] = [
  { what: 'the rate', spec: { provider: { ...SPEC.worker.provider, maxPerSecond: 50 } } },
  { what: 'the mail server', spec: { provider: { smtp: { host: 'other.example.com' } } } },
  { what: 'the provider', spec: { provider: { ses: { region: 'eu-west-1' } } } },
  { what: 'a flag', spec: { features: { provider: 'Env', flags: { 'wide-claims': 5 } } } },
  { what: 'the limits of the API', spec: { http: { ...SPEC.worker.http, rateLimitPerIp: 50 } } },
]

const OF_THE_POD: readonly { what: string; spec: Partial<BatchSenderSpec['worker']> }[] = [
  { what: 'resources', spec: { resources: { limits: { cpu: '1' } } } },
  { what: 'a pull secret', spec: { imagePullSecrets: [{ name: 'registry' }] } },
  { what: 'a toleration', spec: { tolerations: [{ operator: 'Exists' }] } },
  { what: 'a node selector', spec: { nodeSelector: { disk: 'ssd' } } },
  { what: 'an annotation', spec: { podAnnotations: { 'sidecar.istio.io/inject': 'false' } } },
]

describe('a migration that was completed', () => {
  it('is not done again when its Job is gone', () => {
    const given = snapshot({ sender: sender(remembered()) })
    expect(migrationOf(given).state).toBe('done')
    expect(migrationSteps(given)).toEqual([])
    expect(migrationMemory(given)).toEqual(remembered().status)
  })

  it.each([...EDITS, ...OF_THE_POD])('is not done again for $what', ({ spec }) => {
    const who = sender({ spec: { ...SPEC, worker: { ...SPEC.worker, ...spec } }, ...remembered() })
    expect(migrationSteps(snapshot({ sender: who }))).toEqual([])
    const justNow = withWorker(spec, { children: children(jobOf(snapshot(), ended('Complete'))) })
    expect(migrationOf(justNow).state).toBe('done')
    expect(migrationSteps(justNow)).toEqual([])
  })

  it('is not done again for an authority or a direct address that comes later', () => {
    const facts = reference('url', 'directUrl', 'ca.crt')
    expect(migrationSteps(withPostgres(facts, { sender: sender(remembered()) }))).toEqual([])
  })

  it.each<{ what: string; given: (who: Partial<Snapshot>) => Snapshot }>([
    {
      what: 'image',
      given: (who) => withWorker({ image: 'other' }, { ...who, sender: senderWith('other') }),
    },
    { what: 'database', given: (who) => withPostgres(prints({ url: 'other' }), who) },
  ])('is done again for another $what, and what was there is cleared away', ({ given }) => {
    const old = jobOf(snapshot(), ended('Complete'))
    const next = given({ sender: sender(remembered()), children: children(old) })
    expect(migrationOf(next).state).toBe('absent')
    expect(made(next)).toHaveLength(1)
    expect(gone(next)).toEqual([old.metadata.name])
    expect(migrationMemory(next).migration?.of).toBe(remembered().status.migration?.of)
  })

  it('stays remembered while nothing can be told of the database', () => {
    const lost = snapshot({ sender: sender(remembered()), references: new Map() })
    expect(migrationMemory(lost)).toEqual(remembered().status)
    const invalid = snapshot({ sender: sender({ ...remembered(), specFaults: ['no'] }) })
    expect(migrationMemory(invalid)).toEqual(remembered().status)
  })
})

const senderWith = (image: string) =>
  sender({ spec: { ...SPEC, worker: { ...SPEC.worker, image } }, ...remembered() })

describe('a migration under way', () => {
  it('is made once and never applied again', () => {
    const given = snapshot({ children: children(jobOf(snapshot(), { active: 1 })) })
    expect(migrationOf(given)).toEqual({ state: 'running', failures: 0 })
    expect(migrationSteps(given)).toEqual([])
  })

  it.each(EDITS)('goes on when $what is changed', ({ spec }) => {
    const given = withWorker(spec, { children: children(jobOf(snapshot())) })
    expect(migrationSteps(given)).toEqual([])
  })

  it.each(OF_THE_POD)('is another Job with $what when it has no pod, and goes on when it has', ({ spec }) => {
    const stuck = jobOf(snapshot(), { active: 1, ready: 0 })
    const given = withWorker(spec, { children: children(stuck) })
    expect(gone(given)).toEqual([stuck.metadata.name])
    expect(made(given)[0]?.metadata.name).not.toBe(stuck.metadata.name)
    const atWork = jobOf(snapshot(), { active: 1, ready: 1 })
    expect(migrationSteps(withWorker(spec, { children: children(atWork) }))).toEqual([])
  })

  it('is another Job when the address that its pods read has changed', () => {
    const before = withPostgres(prints({ url: 'same', directUrl: 'wrong' }))
    const after = withPostgres(prints({ url: 'same', directUrl: 'right' }), {
      children: children(jobOf(before, ended('Failed'))),
    })
    expect(made(after)).toHaveLength(1)
  })

  it('that failed is tried again after a minute, by a new Job', () => {
    const failedAgo = (agoMs: number) =>
      snapshot({ children: children(jobOf(snapshot(), ended('Failed', agoMs))) })
    expect(migrationOf(failedAgo(10_000))).toMatchObject({ state: 'failed', retryInMs: 50_000 })
    expect(migrationSteps(failedAgo(10_000))).toEqual([])
    expect(gone(failedAgo(61_000))).toHaveLength(1)
    expect(made(failedAgo(61_000))).toEqual([])
  })

  it('clears away every other one', () => {
    const stray: KubernetesObject = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'orders-migrate-older', labels: { [COMPONENT]: 'migration' } },
    }
    for (const status of [{ active: 1 }, ended('Complete')])
      expect(gone(snapshot({ children: children(jobOf(snapshot(), status), stray) }))).toEqual([
        'orders-migrate-older',
      ])
  })
})

describe('the Job', () => {
  const podOf = (given: Snapshot) => {
    const spec = (made(given)[0] as unknown as { spec: { template: { spec: { containers: Pod[] } } } }).spec
    return spec.template.spec
  }
  interface Pod {
    env: { name: string; value?: string; valueFrom?: { secretKeyRef?: { key: string } } }[]
  }

  it('has an environment that the program parses, and nothing else', () => {
    const variables = podOf(withPostgres(reference('url', 'ca.crt'))).containers[0]?.env ?? []
    const environment = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? 'secret']))
    expect(parseMigrationSettings(environment)).toEqual({
      logLevel: 'info',
      postgresUrl: 'secret',
      postgresCaFile: '/etc/batchsender/postgres/ca.crt',
    })
    expect(Object.keys(environment)).toHaveLength(3)
  })

  it('migrates by the direct address where there is one', () => {
    const keyOf = (given: Snapshot) =>
      podOf(given).containers[0]?.env.find(({ name }) => name === 'POSTGRES_URL')?.valueFrom?.secretKeyRef
        ?.key
    expect(keyOf(withPostgres(reference('url', 'directUrl')))).toBe('directUrl')
    expect(keyOf(snapshot())).toBe('url')
  })
})
