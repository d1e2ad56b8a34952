/** The second day: a BatchSender that was Ready is edited, and is Ready again, with no word of a fault in between. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { OPERATOR } from '../src/vocabulary/labels.ts'
import { condition, Harness } from './harness.ts'
import { runControllers } from './controllers.ts'
import { startNatsOverTls, type NatsOverTls } from './natsOverTls.ts'

const cluster = new Harness()
let nats: NatsOverTls

beforeAll(async () => {
  await cluster.start()
  nats = await startNatsOverTls()
})
afterAll(async () => {
  await nats.stop()
  await cluster.stop()
})

const patch = (spec: object) =>
  cluster.api.patch({ kind: 'batchsender', namespace: cluster.namespace, name: 'orders' }, { spec })

const jobs = async () =>
  (await cluster.api.list('jobs', cluster.namespace)).map(({ metadata }) => metadata.name)

/** Fails as soon as a status says that a person has to act. */
const untilReady = (generation: number) =>
  cluster.eventually(`Ready at ${generation}`, async () => {
    const seen = await cluster.status()
    expect(condition(seen, 'Stalled')).toBeUndefined()
    expect(condition(seen, 'SpecValid')?.status ?? 'True').toBe('True')
    return condition(seen, 'Ready')?.status === 'True' && seen.observedGeneration === generation
      ? seen
      : undefined
  })

/** What was told by event, so that nothing between two looks is overlooked; that workers are replaced is no fault. */
async function warnings(): Promise<string[]> {
  const events = await cluster.api.list('events', cluster.namespace)
  return events
    .filter(({ reportingComponent }) => reportingComponent === OPERATOR)
    .filter(({ type, reason }) => type === 'Warning' && reason !== 'RollingOut')
    .map(({ reason, message }) => `${String(reason)}: ${String(message)}`)
}

async function readyOne(): Promise<void> {
  await cluster.applySecrets()
  await cluster.apply(cluster.secret('nats-client', nats.client))
  await cluster.apply(
    cluster.batchSender({
      nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats-client' } } },
    }),
  )
  await untilReady(1)
}

const podOfWorkers = async () => JSON.stringify(await cluster.get('deployment', 'orders-worker'))

describe('with controllers', () => {
  let controllers: ReturnType<typeof runControllers>
  beforeEach(async () => {
    await cluster.newNamespace()
    controllers = runControllers(cluster)
    await readyOne()
  })
  afterEach(() => controllers.stop())

  it.each([
    { what: 'the rate', worker: { provider: { maxPerSecond: 50 } }, shows: '"value":"50"' },
    { what: 'resources', worker: { resources: { limits: { cpu: '2' } } }, shows: '"cpu":"2"' },
    { what: 'pull secrets', worker: { imagePullSecrets: [{ name: 'registry' }] }, shows: 'registry' },
    {
      what: 'the mail server',
      worker: { provider: { smtp: { host: 'other.example.com' } } },
      shows: 'other.example.com',
    },
    {
      what: 'feature flags',
      worker: { features: { provider: 'Env', flags: { 'wide-claims': 5 } } },
      shows: 'wide-claims=5%',
    },
    {
      what: 'the provider',
      worker: { provider: { smtp: null, ses: { region: 'eu-west-1' } } },
      shows: 'SES_REGION',
    },
    { what: 'tolerations', worker: { tolerations: [{ operator: 'Exists' }] }, shows: '"operator":"Exists"' },
    { what: 'annotations', worker: { podAnnotations: { 'example.com/a': 'b' } }, shows: 'example.com/a' },
    {
      what: 'the priority',
      worker: { priorityClassName: 'system-node-critical' },
      shows: 'system-node-critical',
    },
  ])('is Ready again with $what changed, and migrates nothing', async ({ worker, shows }) => {
    const before = await jobs()
    await patch({ worker })
    await untilReady(2)
    expect(await podOfWorkers()).toContain(shows)
    expect(await jobs()).toEqual(before)
    expect(await warnings()).toEqual([])
  })

  it('rolls the workers when an authority comes to the Secret of PostgreSQL', async () => {
    const before = await jobs()
    await cluster.apply(
      cluster.secret('postgres', { url: 'postgres://u:canary-password@db/x', 'ca.crt': 'pem' }),
    )
    await cluster.eventually('workers with the authority', async () => {
      await cluster.hurry()
      return (await podOfWorkers()).includes('POSTGRES_CA_FILE') ? true : undefined
    })
    await untilReady(1)
    expect(await jobs()).toEqual(before)
    expect(await warnings()).toEqual([])
  })

  it('does not migrate again when the finished Job is cleaned away, and goes on with the workers', async () => {
    const [job = ''] = await jobs()
    await cluster.inNamespace(['delete', 'job', job])
    await patch({ worker: { replicas: 4 } })
    await untilReady(2)
    expect((await cluster.get('deployment', 'orders-worker'))?.['spec']).toMatchObject({ replicas: 4 })
    await cluster.settled()
    expect(await jobs()).toEqual([])
  })

  it('replaces workers when the address of PostgreSQL is right again, since some may have started with the wrong one', async () => {
    await controllers.stop()
    const template = async () => {
      const live = (await cluster.get('deployment', 'orders-worker'))?.['spec'] as { template: object }
      return JSON.stringify(live.template)
    }
    const before = await template()
    const postgres = async (password: string) => {
      await cluster.apply(cluster.secret('postgres', { url: `postgres://u:${password}@db/x` }))
      await cluster.hurry()
    }
    const right = await jobs()
    await postgres('wrong')
    await cluster.eventually('another migration', async () =>
      (await jobs()).some((name) => !right.includes(name)) ? true : undefined,
    )
    expect(await template()).toBe(before)
    await postgres('canary-password')
    await cluster.eventually('workers of another template', async () =>
      (await template()) === before ? undefined : true,
    )
    controllers = runControllers(cluster)
    await untilReady(1)
    expect(await cluster.settled()).not.toBe('')
  })

  it('migrates for another image, and only then rolls the workers', async () => {
    const [before] = await jobs()
    await patch({ worker: { image: 'registry.example.com/worker:2' } })
    await untilReady(2)
    const [after, ...others] = await jobs()
    expect(others).toEqual([])
    expect(after).not.toBe(before)
    expect(await podOfWorkers()).toContain('registry.example.com/worker:2')
  })
})

describe('before any pod runs', () => {
  beforeEach(async () => {
    await cluster.newNamespace()
    await cluster.applySecrets()
    await cluster.apply(cluster.secret('nats-client', nats.client))
  })

  it('makes another migration Job when the spec of one without a pod changes', async () => {
    await cluster.apply(
      cluster.batchSender({
        nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats-client' } } },
      }),
    )
    const [before] = await cluster.eventually('a Job', async () => {
      const there = await jobs()
      return there.length > 0 ? there : undefined
    })
    await patch({ worker: { resources: { limits: { cpu: '1', memory: '512Mi' } } } })
    await cluster.eventually('another Job alone', async () => {
      const [job, ...others] = await cluster.api.list('jobs', cluster.namespace)
      const isNew = others.length === 0 && job !== undefined && job.metadata.name !== before
      return isNew && JSON.stringify(job['spec']).includes('"cpu":"1"') ? true : undefined
    })
    await cluster.untilCondition('WorkerReady', 'False', 'Migrating')
    expect(condition(await cluster.status(), 'Stalled')).toBeUndefined()
  })

  const withBackup = (backup: object, name: string) => {
    const external = { url: 'https://clickhouse.example.com:8443' }
    const destination = { namedCollection: 'backup_s3' }
    return cluster.batchSender(
      {
        nats: { external: { servers: [nats.url], tlsSecretRef: { name: 'nats-client' } } },
        clickhouse: { external, backup: { destination, ...backup } },
      },
      name,
    )
  }

  it('makes every CronJob for the longest name', async () => {
    const name = 'n'.repeat(35)
    await cluster.apply(withBackup({ incrementalSchedule: '5/15 * * * *', verify: {} }, name))
    await cluster.eventually(
      'three CronJobs',
      async () => {
        const seen = await cluster.status(name)
        expect(condition(seen, 'Stalled')).toBeUndefined()
        return (await cluster.api.list('cronjobs', cluster.namespace)).length === 3 ? true : undefined
      },
      45_000,
    )
    await cluster.settled()
    const before = (await cluster.operatorWrites()).length
    await cluster.hurry(name)
    await cluster.settled()
    const writes = (await cluster.operatorWrites()).slice(before)
    expect(writes.filter((write) => write.includes('cronjobs/'))).toEqual([])
  })

  it.each(['0 2 * * 7', '0 2 L * *', '0 2 * * 5#2', '@every 1h', 'TZ=Etc/UTC 0 2 * * *', 'every day'])(
    'refuses the schedule %s with a sentence',
    async (schedule) => {
      await expect(cluster.apply(withBackup({ schedule }, 'orders'))).rejects.toThrow(
        /spec\.clickhouse\.backup\.schedule must be minute, hour/,
      )
    },
  )

  it.each(['5/15 * * * *', '@daily', '0 2 * JAN-mar sun,6', '*/10 0-5,22/1 ? * *'])(
    'takes the schedule %s',
    async (schedule) => {
      await cluster.apply(withBackup({ schedule }, 'orders'))
      await cluster.eventually('the CronJob', () => cluster.get('cronjob', 'orders-backup-full'))
    },
  )

  it('grows NATS from one node to three', async () => {
    const controllers = runControllers(cluster)
    try {
      await cluster.apply(cluster.batchSender())
      await cluster.eventually('the Deployment', () => cluster.get('deployment', 'orders-worker'))
      await patch({ nats: { managed: { replicas: 3 } } })
      await cluster.eventually('three nodes, and workers that know them', async () => {
        const seen = await cluster.status()
        expect(condition(seen, 'Stalled')).toBeUndefined()
        const set = (await cluster.get('statefulset', 'orders-nats'))?.['spec'] as { replicas?: number }
        return set.replicas === 3 && (await podOfWorkers()).includes('orders-nats-2') ? true : undefined
      })
      await cluster.settled()
      expect(condition(await cluster.status(), 'SpecValid')?.status).toBe('True')
      expect(await jobs()).toHaveLength(1)
    } finally {
      await controllers.stop()
    }
  })
})
