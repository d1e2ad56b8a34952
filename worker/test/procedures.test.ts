/** What the documents tell people to do with the API and with PostgreSQL, done as it is written. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from 'pg'
import { startPostgres } from '../../hack/servers/postgres.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import type { Evidence } from '../src/http/internalServer.ts'
import type { BatchView, Rig, WorkerProcess } from './rig.ts'
import { atTheSink, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'
import { typed } from './terminal.ts'

let rig: Rig
let worker: WorkerProcess
let flagsFile: string

beforeAll(async () => {
  rig = await startRig()
  flagsFile = join(rig.tokensDir, '../flags.json')
  worker = await rig.worker({ featuresProvider: 'ConfigMap', featuresFile: flagsFile })
})
afterAll(() => rig.stop())

const heldIs = (wanted: boolean) =>
  until(
    async () => (await (await fetch(`${worker.internal}/evidence`)).json()) as Evidence,
    ({ features }) => features.flags['provider-paused']?.value === wanted,
    worker.log,
  )

test('a batch is sent as README.md sends one', async () => {
  const { id } = JSON.parse(await typed(worker, procedure('README.md#send-batch'))) as BatchView
  expect(await until(() => worker.batch(id), isFinished, worker.log)).toMatchObject({
    state: 'completed',
    counts: { sent: 1 },
  })
  const { messages } = await atTheSink(rig.sink)
  expect(messages.map(({ recipient }) => recipient)).toEqual(['ann@example.org'])
  // The same key again: nothing is sent twice.
  expect(JSON.parse(await typed(worker, procedure('README.md#send-batch')))).toMatchObject({ id })
})

test('a batch is looked at, and its recipients are asked after, as docs/http.md says', async () => {
  expect(JSON.parse(await typed(worker, procedure('docs/http.md#dry-run')))).toMatchObject({
    dryRun: true,
    preview: { to: 'ann@example.org', subject: 'Hello Ann' },
  })
  const answer = await worker.post({
    from: 's@example.org',
    subject: 's',
    text: 't',
    recipients: [{ address: 'ann@example.org' }],
  })
  const { id } = (await answer.json()) as BatchView
  await until(() => worker.batch(id), isFinished, worker.log)
  const told = await typed(worker, procedure('docs/http.md#why-failed'), { BATCH: id })
  expect(told).toContain('"counts"')
  expect(told).toContain('"tried"')
  expect(told).toContain('"batchState":"completed"')
})

test('all mail is held by the flags of docs/features.md, and what was under way is found and cancelled', async () => {
  const flags = procedure('docs/features.md#flags-file')
  await writeFile(flagsFile, flags.with({ '"defaultVariant": "off"': '"defaultVariant": "on"' }).text)
  await heldIs(true)
  const id = await worker.accept(5, 'held')
  await until(
    () => worker.batch(id),
    ({ state }) => state === 'running',
    worker.log,
  )
  const listed = await typed(worker, procedure('docs/postgres.md#batches-under-way'))
  const { items } = JSON.parse(listed) as { items: BatchView[] }
  expect(items.map((batch) => batch.id)).toEqual([id])
  await typed(worker, procedure('docs/postgres.md#cancel-batch'), { BATCH: id })
  await until(
    () => worker.batch(id),
    ({ counts }) => counts.cancelled === 5,
    worker.log,
  )
  await writeFile(flagsFile, flags.text)
  await heldIs(false)
  const later = await worker.accept(5, 'later')
  expect(await until(() => worker.batch(later), isFinished, worker.log)).toMatchObject({
    counts: { sent: 5 },
  })
})

test('whoever could be promoted is seen by the statements of docs/postgres.md', async () => {
  const server = await startPostgres({ settings: ['fsync=off', 'synchronous_standby_names=second'] })
  const admin = new Client({ connectionString: server.url })
  const asStandby = { connectionString: server.url, application_name: 'second', replication: 'true' }
  const standby = new Client(asStandby)
  try {
    await Promise.all([admin.connect(), standby.connect()])
    // Nobody would confirm a commit.
    await admin.query('SET synchronous_commit = local')
    await admin.query('CREATE ROLE watcher IN ROLE pg_monitor')
    await admin.query('SET ROLE watcher')
    const { rows } = await standby.query<{ xlogpos: string }>('IDENTIFY_SYSTEM')
    const position = rows[0]?.xlogpos ?? ''
    standby.query(`START_REPLICATION PHYSICAL ${position}`).catch(() => undefined)
    confirm(standby, position)
    const [names = '', others = ''] = procedure('docs/postgres.md#look-at-standbys').statements
    expect((await admin.query(names)).rows).toEqual([{ synchronous_standby_names: 'second' }])
    const seen = await until(
      async () => (await admin.query<{ sync_state: string }>(others)).rows,
      ([first]) => first?.sync_state === 'sync',
    )
    expect(seen).toEqual([{ application_name: 'second', state: 'streaming', sync_state: 'sync' }])
  } finally {
    await admin.end()
    await standby.end()
    await server.stop()
  }
})

/** As a standby tells that it has everything until there on its disk. */
function confirm(standby: Client, position: string): void {
  const [high = '', low = ''] = position.split('/')
  const lsn = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
  const status = Buffer.alloc(34)
  status.write('r')
  for (const offset of [1, 9, 17]) status.writeBigInt64BE(lsn, offset)
  const { connection } = standby as unknown as { connection: { sendCopyFromChunk(chunk: Buffer): void } }
  connection.sendCopyFromChunk(status)
}
