/** A PostgreSQL that comes back without its last commits, under workers that go on. */
import { afterEach, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { AFTER_A_KILL_MS, atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

let rig: Rig | undefined
afterEach(async () => {
  await rig?.stop()
  rig = undefined
})

const TOTAL = 8_000

async function addressesIn(from: Rig, state: string): Promise<Set<string>> {
  const rows = await from.sql<{ address: string }>('SELECT address FROM recipient WHERE state = $1', [state])
  return new Set(rows.map(({ address }) => address))
}

/** Everybody the sink has a mail for is `sent` or in doubt, and nobody has two without doubt. */
async function accountFor(from: Rig, batch: { readonly counts: Record<string, number> }, total: number) {
  const { messages, distinct } = await atTheSink(from.sink)
  const [sent, uncertain] = [await addressesIn(from, 'sent'), await addressesIn(from, 'uncertain')]
  const seen = new Set<string>()
  const twice = messages.map(({ recipient }) => recipient).filter((each) => seen.size === seen.add(each).size)
  expect(twice.filter((address) => !uncertain.has(address))).toEqual([])
  expect([...distinct].filter((address) => !sent.has(address) && !uncertain.has(address))).toEqual([])
  expect([...sent].filter((address) => !distinct.has(address))).toEqual([])
  expect(batch.counts).toMatchObject({ sent: sent.size, uncertain: uncertain.size })
  expect(sent.size + uncertain.size).toBe(total)
  return { distinct, sent, uncertain, twice }
}

const sunk = (from: Rig, least: number, workers: readonly WorkerProcess[]) =>
  until(
    () => from.sink.count(),
    (count) => count >= least,
    () => workers.map((worker) => worker.log()).join('\n'),
  )

test('a server that loses commits it has told of costs nobody a second mail', async () => {
  rig = await startRig({
    postgresSettings: [
      'synchronous_commit=off',
      'wal_writer_delay=10000ms',
      'wal_writer_flush_after=131072',
      'wal_buffers=64MB',
    ],
  })
  const own = rig
  const worker = await rig.worker()
  const id = await worker.accept(TOTAL, 'lost')
  await rig.sql('CHECKPOINT')
  await sunk(rig, 2_550, [worker])
  // No claim, whose commit reaches the disk, follows the last results.
  await rig.sql(`UPDATE batch SET state = 'paused'`)
  await until(
    () => addressesIn(own, 'sending'),
    (sending) => sending.size === 0,
    worker.log,
  )
  const before = await addressesIn(rig, 'sent')
  await rig.postgres.kill()
  await rig.postgres.start()
  // The pause is lost, too, unless a claim that was under way came after it.
  await until(
    () => worker.command(id, 'resume'),
    ({ status }) => status === 200,
    worker.log,
  )

  const batch = await until(() => worker.batch(id), isFinished, worker.log, AFTER_A_KILL_MS)
  const { uncertain, twice } = await accountFor(rig, batch, TOTAL)
  expect(twice).toEqual([])
  const forgotten = [...uncertain].filter((address) => before.has(address))
  expect(forgotten.length).toBeGreaterThan(0)
  console.log(`${forgotten.length} results were lost, ${uncertain.size} recipients are uncertain`)
})

test('an older copy of the data under running workers leaves whom they mailed since in doubt', async () => {
  rig = await startRig()
  const workers = [await rig.worker({ workerName: 'one' }), await rig.worker({ workerName: 'two' })]
  const [first] = workers
  if (first === undefined) throw new Error('no worker')
  const logs = () => workers.map((worker) => worker.log()).join('\n')
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 50 }])
  const id = await first.accept(3_000, 'copy')
  await sunk(rig, 300, workers)
  const goBack = await rig.postgres.copied()
  const copied = await rig.sink.count()
  await sunk(rig, copied + 800, workers)
  await goBack()
  await rig.sink.behave([])

  const batch = await until(() => first.batch(id), isFinished, logs, AFTER_A_KILL_MS)
  const { uncertain, twice } = await accountFor(rig, batch, 3_000)
  expect(twice).toEqual([])
  expect(uncertain.size).toBeGreaterThanOrEqual(800)
  const codes = await rig.sql<{ error_code: string; n: number }>(
    `SELECT error_code, count(*)::int AS n FROM recipient WHERE state = 'uncertain' GROUP BY 1 ORDER BY n DESC`,
  )
  expect(codes[0]).toMatchObject({ error_code: 'commit_lost' })
  expect(logs()).toContain('came back without its last commits')
  const metrics = await Promise.all(
    workers.map(async ({ internal }) => (await fetch(`${internal}/metrics`)).text()),
  )
  const doubted = metrics.map((text) => Number(/^batchsender_lost_commits_total (\d+)$/m.exec(text)?.[1]))
  expect(doubted.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(codes[0]?.n ?? Infinity)
})
