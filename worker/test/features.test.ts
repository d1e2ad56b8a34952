/** Flags while mails are being sent: a mounted file as Kubernetes exchanges it, and a double of Unleash. */
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Evidence } from '../src/http/internalServer.ts'
import type { Rig, WorkerProcess } from './rig.ts'
import { startUnleashDouble } from '../../hack/standins/unleash.ts'
import { flagdTextOf } from '../src/domain/flagText.ts'
import { parseFlagSet } from '../src/features/flagSet.ts'
import { atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig
let dir: string
const workers: WorkerProcess[] = []
/** Its client keeps a file of what it knows, by this name. */
const appNames: string[] = []
const newAppName = () => {
  const name = `tests-${crypto.randomUUID()}`
  appNames.push(name)
  return name
}

beforeAll(async () => {
  rig = await startRig()
  dir = await mkdtemp(join(tmpdir(), 'batchsender-flags-'))
})
afterEach(async () => {
  await rig.sink.behave([])
  await Promise.all(workers.splice(0).map((worker) => worker.kill()))
})
afterAll(async () => {
  await rig.stop()
  await rm(dir, { recursive: true, force: true })
  for (const name of appNames) await rm(join(tmpdir(), `unleash-backup-${name}.json`), { force: true })
})

async function started(...given: Parameters<Rig['worker']>): Promise<WorkerProcess> {
  const worker = await rig.worker(...given)
  workers.push(worker)
  return worker
}

/** A ConfigMap as the kubelet mounts it: the file is a link into a folder that is exchanged as a whole. */
async function mounted(name: string) {
  const mount = join(dir, name)
  await mkdir(mount)
  let version = 0
  return {
    file: join(mount, 'flags.json'),
    write: async (text: string) => {
      version += 1
      await mkdir(join(mount, `..v${version}`))
      await writeFile(join(mount, `..v${version}`, 'flags.json'), text)
      await symlink(`..v${version}`, join(mount, '..data_tmp'))
      await rename(join(mount, '..data_tmp'), join(mount, '..data'))
      if (version === 1) await symlink('..data/flags.json', join(mount, 'flags.json'))
    },
  }
}

const evidenceOf = async (worker: WorkerProcess) =>
  (await (await fetch(`${worker.internal}/evidence`)).json()) as Evidence
const pausedIs = (worker: WorkerProcess, wanted: boolean) =>
  until(
    async () => (await evidenceOf(worker)).features.flags['provider-paused']?.value,
    (value) => value === wanted,
    worker.log,
    10_000,
  )
const sentOf = async (worker: WorkerProcess, id: string) => (await worker.batch(id)).counts.sent
const attempts = async (id: string) => {
  const [row] = await rig.sql<{ n: number; most: number }>(
    'SELECT count(*)::int AS n, COALESCE(max(attempt), 0)::int AS most FROM attempt WHERE batch_id = $1',
    [id],
  )
  return row ?? { n: 0, most: 0 }
}

test('a switch in the ConfigMap holds a batch under way and lets it go on, without a restart or an attempt spent', async () => {
  const flags = await mounted('live')
  const worker = await started(
    { featuresProvider: 'ConfigMap', featuresFile: flags.file, maxPerSecond: 60 },
    { LEASE_MS: '1500' },
  )
  const before = await rig.sink.count()
  const id = await worker.accept(400, 'held')
  await until(
    () => sentOf(worker, id),
    (sent) => sent > 40,
    worker.log,
  )

  await flags.write(flagdTextOf('provider-paused=true'))
  await pausedIs(worker, true)
  await sleep(1_000)
  const held = await sentOf(worker, id)
  expect(held).toBeLessThan(400)
  await sleep(6_500)
  expect(await worker.batch(id)).toMatchObject({ state: 'running', counts: { sent: held, sending: 0 } })
  expect(await attempts(id)).toEqual({ n: held, most: 1 })

  await flags.write(flagdTextOf('provider-paused=false'))
  await until(
    () => sentOf(worker, id),
    (sent) => sent > held,
    worker.log,
    6_000,
  )
  await until(() => worker.batch(id), isFinished, worker.log)
  expect(await attempts(id)).toEqual({ n: 400, most: 1 })
  const { distinct, duplicates } = await atTheSink(rig.sink, before)
  expect([distinct.size, duplicates]).toEqual([400, 0])
})

test('a batch that is cancelled while its provider is paused ends', async () => {
  const flags = await mounted('cancelled')
  await flags.write(flagdTextOf('provider-paused=true'))
  const worker = await started({ featuresProvider: 'ConfigMap', featuresFile: flags.file })
  const id = await worker.accept(10, 'cancelled')
  await until(
    () => worker.batch(id),
    ({ state }) => state === 'running',
    worker.log,
  )
  expect((await worker.command(id, 'cancel')).status).toBeLessThan(300)
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.cancelled === 10,
    worker.log,
    15_000,
  )
  expect(await attempts(id)).toEqual({ n: 0, most: 0 })
})

test('a broken edit leaves the last good flags in force, and is told', async () => {
  const flags = await mounted('broken')
  await flags.write(flagdTextOf('provider-paused=true'))
  const worker = await started({ featuresProvider: 'ConfigMap', featuresFile: flags.file })
  const degraded = async () => {
    const text = await (await fetch(`${worker.internal}/metrics`)).text()
    return /^batchsender_features_degraded (\d)$/m.exec(text)?.[1]
  }
  expect(await degraded()).toBe('0')
  const id = await worker.accept(20, 'broken')
  await flags.write('{"flags": {"provider-paused": ')
  await until(degraded, (value) => value === '1', worker.log, 6_000)
  await sleep(2_500)
  expect((await evidenceOf(worker)).features).toMatchObject({
    provider: 'ConfigMap',
    degraded: true,
    flags: { 'provider-paused': { value: true } },
  })
  expect(worker.log().split('the feature flags cannot be read')).toHaveLength(2)
  expect(await attempts(id)).toEqual({ n: 0, most: 0 })

  await flags.write(flagdTextOf('provider-paused=false'))
  await until(() => worker.batch(id), isFinished, worker.log)
  expect(await degraded()).toBe('0')
})

test('a percentage of the batches, told by their ids, is claimed in larger groups', async () => {
  const text = 'wide-claims=50%'
  const chosen = parseFlagSet(flagdTextOf(text))
  const worker = await started({ featuresProvider: 'Env', featureFlags: text })
  const seen = { wide: 0, narrow: 0 }
  for (let batch = 0; batch < 12; batch += 1) {
    const id = await worker.accept(120, `wide${batch}-`)
    await until(() => worker.batch(id), isFinished, worker.log)
    const [claim] = await rig.sql<{ largest: number }>(
      `SELECT max(n)::int AS largest FROM (SELECT count(*) AS n FROM attempt WHERE batch_id = $1 GROUP BY worker) claim`,
      [id],
    )
    const isWide = chosen.resolve<boolean>('boolean', 'wide-claims', false, { targetingKey: id }).value
    seen[isWide ? 'wide' : 'narrow'] += 1
    expect([id, isWide, claim?.largest]).toEqual([id, isWide, isWide ? 100 : 50])
  }
  expect(Math.min(seen.wide, seen.narrow)).toBeGreaterThan(0)
})

test('what becomes of mails in doubt can be switched while the worker runs', async () => {
  const flags = await mounted('doubt')
  const worker = await started({
    featuresProvider: 'ConfigMap',
    featuresFile: flags.file,
    onUncertain: 'Hold',
  })
  await rig.sink.behave([{ address: '*', at: 'data', drop: true, times: 1 }])
  const held = await worker.accept(2, 'doubt-held')
  const first = await until(() => worker.batch(held), isFinished, worker.log)
  expect(first.counts.uncertain).toBe(2)

  await flags.write(flagdTextOf('on-uncertain=Resend'))
  await until(
    async () => (await evidenceOf(worker)).features.flags['on-uncertain']?.value,
    (value) => value === 'Resend',
    worker.log,
    10_000,
  )
  const resent = await worker.accept(2, 'doubt-resent')
  const second = await until(() => worker.batch(resent), isFinished, worker.log)
  expect(second.counts.sent).toBe(2)
  expect((await attempts(resent)).n).toBe(4)
})

test('a toggle of Unleash pauses, stays in force while Unleash fails, a restart included, and lets go on', async () => {
  const token = 'default:production.a-token'
  const unleash = await startUnleashDouble(token)
  unleash.set([
    { name: 'provider-paused', enabled: true },
    { name: 'on-uncertain', enabled: true, payload: 'Resend' },
  ])
  const worker = await started({
    featuresProvider: 'Unleash',
    unleashUrl: unleash.url,
    unleashToken: token,
    unleashAppName: newAppName(),
  })
  const id = await worker.accept(20, 'unleash')
  expect((await evidenceOf(worker)).features.flags).toMatchObject({
    'provider-paused': { value: true },
    'on-uncertain': { value: 'Resend' },
    'wide-claims': { value: false, reason: 'DEFAULT' },
  })
  unleash.fail(500)
  await until(
    async () => (await evidenceOf(worker)).features.degraded,
    (degraded) => degraded,
    worker.log,
    15_000,
  )
  await pausedIs(worker, true)
  await worker.kill()
  await worker.start()
  await pausedIs(worker, true)
  expect(await attempts(id)).toEqual({ n: 0, most: 0 })

  unleash.set([{ name: 'provider-paused', enabled: false }])
  unleash.fail(undefined)
  await until(() => worker.batch(id), isFinished, worker.log)
  expect((await evidenceOf(worker)).features.flags['on-uncertain']?.value).toBe('Hold')
  expect(unleash.refused()).toBe(0)
  expect(worker.log()).not.toContain(token)
  await worker.kill()
  await unleash.close()
})

test('a toggle of Unleash that is rolled out to everybody by their ids pauses, though nobody is asked about', async () => {
  const unleash = await startUnleashDouble('token')
  const rolledOut = { enabled: true, stickiness: 'userId', rollout: 100 } as const
  unleash.set([
    { name: 'provider-paused', ...rolledOut },
    { name: 'on-uncertain', ...rolledOut, payload: 'Resend' },
  ])
  const worker = await started({
    featuresProvider: 'Unleash',
    unleashUrl: unleash.url,
    unleashToken: 'token',
    unleashAppName: newAppName(),
  })
  expect((await evidenceOf(worker)).features.flags).toMatchObject({
    'provider-paused': { value: true },
    'on-uncertain': { value: 'Resend' },
  })
  unleash.set([{ name: 'provider-paused', ...rolledOut, rollout: 0 }])
  await pausedIs(worker, false)
  await worker.kill()
  await unleash.close()
})

test('a worker starts, and sends, while Unleash is down', async () => {
  const unleash = await startUnleashDouble('token')
  unleash.fail(503)
  const worker = await started({
    featuresProvider: 'Unleash',
    unleashUrl: unleash.url,
    unleashToken: 'token',
    unleashAppName: newAppName(),
  })
  const id = await worker.accept(5, 'down')
  await until(() => worker.batch(id), isFinished, worker.log)
  expect((await evidenceOf(worker)).features).toMatchObject({ provider: 'Unleash', degraded: true })
  await worker.kill()
  await unleash.close()
})

test('flags of the environment that are none keep a worker from starting, and are named', async () => {
  await expect(
    rig.worker({ featuresProvider: 'Env', featureFlags: 'provider-paused=perhaps' }),
  ).rejects.toThrow('provider-paused: the variant "perhaps" is nothing it can be')
})
