/** `kubectl batchsender backup` and `verify` with a real ClickHouse and S3: done when the operator has seen it, failed with its sentence. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { BackupRig } from './backupRig.ts'
import { runJob } from './cronJobRuns.ts'
import { plugin } from './pluginRig.ts'

let rig: BackupRig

beforeAll(async () => {
  rig = await BackupRig.start()
  await rig.newSender()
  await rig.fill(1_000, 10)
})
afterAll(() => rig.stop())

/** The Job that the verb leads to. */
const jobLike = (name: RegExp) =>
  rig.cluster.eventually(`a Job ${String(name)}`, async () => {
    const jobs = await rig.cluster.api.list('jobs', rig.cluster.namespace)
    return jobs.find((job) => name.test(job.metadata.name) && job['status'] !== undefined && !isEnded(job))
  })

const isEnded = (job: KubernetesObject) => JSON.stringify(job['status']).includes('"True"')

/** As the Job controller would. */
async function end(job: KubernetesObject, type: 'Complete' | 'Failed'): Promise<void> {
  const now = new Date().toISOString()
  const first = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget'
  const conditions = [first, type].map((one) => ({ type: one, status: 'True', lastTransitionTime: now }))
  const times = { startTime: now, ...(type === 'Complete' && { completionTime: now, succeeded: 1 }) }
  await rig.cluster.api.patch(
    { kind: 'job', namespace: rig.cluster.namespace, name: job.metadata.name, subresource: 'status' },
    { status: { ...times, conditions } },
  )
}

it('a backup is asked for, made, and told when it is at the destination', async () => {
  const running = plugin(rig.cluster, ['backup', 'orders', '--wait', '--timeout', '4m'])
  const job = await jobLike(/^orders-backup-[0-9a-f]{8}$/)
  await runJob(rig.cluster, job)
  await end(job, 'Complete')
  const { exit, out, err } = await running
  expect([exit, err.includes(`Job ${job.metadata.name}`)]).toEqual([0, true])
  expect(out).toMatch(
    /^asked for a backup of test-1\/orders at .*Z\nmade \S+-full-\S+: 1000 rows, .* complete at /,
  )
})

it('a verification is begun, carried out, and told when all was equal', async () => {
  const running = plugin(rig.cluster, ['verify', 'orders', '--wait', '--timeout', '4m'])
  const job = await jobLike(/^orders-verify-[0-9a-f]{8}$/)
  expect(job.metadata.ownerReferences?.[0]?.name).toBe('orders-backup-verify')
  await runJob(rig.cluster, job)
  await end(job, 'Complete')
  const { exit, out } = await running
  expect(exit).toBe(0)
  expect(out).toMatch(/was restored: 1000 rows in \d+ partitions are equal, at /)
})

it('a backup whose Job fails ends with 1 and its sentence', async () => {
  const running = plugin(rig.cluster, ['backup', 'orders', '--wait', '--timeout', '4m'])
  const job = await jobLike(/^orders-backup-[0-9a-f]{8}$/)
  await end(job, 'Failed')
  const { exit, err } = await running
  expect(exit).toBe(1)
  expect(err).toMatch(new RegExp(`Job ${job.metadata.name} failed: `))
})

it('a backup that nobody makes is given up at the deadline', async () => {
  const { exit, err } = await plugin(rig.cluster, ['backup', 'orders', '--wait', '--timeout', '3s'])
  expect(exit).toBe(1)
  expect(err).toMatch(/the backup was not done in 3 s, and goes on by itself/)
})
