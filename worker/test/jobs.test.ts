/** Backups, their verification and retention, as the programs that the CronJobs run: real engine, real S3 server. */
import type { ClickHouseClient } from '@clickhouse/client'
import { createClient } from '@clickhouse/client'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobReport } from '../../crds/jobReports.ts'
import type { BackupReport } from '../../crds/jobs/backup.ts'
import type { ClickhouseServer } from '../../hack/servers/clickhouse.ts'
import type { S3Server } from '../../hack/servers/s3.ts'
import { createDatabase, createTable } from '../../crds/clickhouseTables.ts'
import { hasFailed, parseJobReport } from '../../crds/jobReports.ts'
import { renderJobSettings } from '../../crds/jobSettings.ts'
import { startClickhouse } from '../../hack/servers/clickhouse.ts'
import { startProcess } from '../../hack/servers/process.ts'
import { startTlsFront } from '../../hack/servers/tlsFront.ts'
import { startS3 } from '../../hack/servers/s3.ts'
import { totals } from '../src/domain/rowFigures.ts'
import { recorded, recount } from '../src/jobs/figures.ts'

const DATABASE = 'mail'
const MAIN = join(import.meta.dirname, '../src/main.ts')
const PASSWORD = 'canary-password'

let s3: S3Server
let clickhouse: ClickhouseServer
let client: ClickHouseClient
let dir: string
let runs = 0
const output: string[] = []

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'batchsender-jobs-'))
  s3 = await startS3()
  clickhouse = await startClickhouse({ s3, username: 'backup', password: PASSWORD })
  client = createClient({ url: clickhouse.url, username: 'backup', password: PASSWORD })
  await command(createDatabase(DATABASE))
  const archive = { afterDays: 90, disk: 's3', storagePolicy: 'archive_v1' }
  await command(createTable(DATABASE, 'email_events', archive))
  await command(createTable(DATABASE, 'audit_log', archive))
  await command(createTable(DATABASE, 'backup_figures'))
  await command(createTable(DATABASE, 'backup_log'))
  await command(createTable(DATABASE, 'backup_checks'))
})
afterAll(async () => {
  await client.close()
  await clickhouse.stop()
  await s3.stop()
  await rm(dir, { recursive: true, force: true })
})

const command = (query: string) => client.command({ query })

async function one<Row>(query: string): Promise<Row> {
  const [row] = await (await client.query({ query, format: 'JSONEachRow' })).json<Row>()
  if (row === undefined) throw new Error('no row')
  return row
}

const fill = (rows: number, days: number) =>
  command(`INSERT INTO ${DATABASE}.email_events (event_time, batch_id, recipient)
    SELECT now() - toIntervalDay(number % ${days}), generateUUIDv4(), concat('r', toString(number)) FROM numbers(${rows})`)

const content = () =>
  one(`SELECT count() AS rows, toString(groupBitXor(cityHash64(*))) AS hash FROM ${DATABASE}.email_events`)

async function rowCount(): Promise<number> {
  const query = `SELECT toString(count()) AS rows FROM ${DATABASE}.email_events`
  return Number((await one<{ rows: string }>(query)).rows)
}

/** Runs a Job's program to its end. */
async function job(args: readonly string[], more: object = {}): Promise<JobReport> {
  runs += 1
  const file = join(dir, `report-${runs}`)
  const clickhouseSettings = {
    clickhouseUrl: clickhouse.url,
    clickhouseDatabase: DATABASE,
    clickhouseUsername: 'backup',
    clickhousePassword: PASSWORD,
    collection: 'backup_s3',
  }
  const s3Settings = {
    s3Endpoint: s3.url,
    s3Bucket: s3.bucket,
    s3Region: 'us-east-1',
    s3Prefix: 'backups/',
    s3AccessKey: s3.accessKey,
    s3SecretKey: s3.secretKey,
  }
  const settings = {
    runName: `run-${runs}`,
    deadlineSeconds: 600,
    ...(args[0] === 'retention' ? { ...s3Settings, fullBackups: 2 } : clickhouseSettings),
    ...(args[0] === 'backup' && { settleSeconds: 0 }),
    ...more,
  }
  const env = { PATH: process.env['PATH'], TERMINATION_LOG: file, ...renderJobSettings(settings) }
  const program = startProcess(process.execPath, [MAIN, ...args], { env })
  await program.exited
  output.push(program.output())
  const text = await readFile(file, 'utf8').catch(() => '')
  const report = parseJobReport(text)
  if (!report) throw new Error(`no report: ${text}\n${output.at(-1) ?? ''}`)
  return report
}

async function backup(kind: 'full' | 'incremental'): Promise<BackupReport> {
  const report = await job(['backup', kind])
  if (report.job !== 'backup' || hasFailed(report)) throw new Error(JSON.stringify(report))
  return report
}

const databases = async () =>
  (
    await (await client.query({ query: 'SHOW DATABASES', format: 'JSONEachRow' })).json<{ name: string }>()
  ).map(({ name }) => name)

describe('the Jobs', () => {
  it('make a full backup and increments on it, each proven by a restore that leaves the source alone', async () => {
    await fill(2_000, 200)
    const before = await content()
    const full = await backup('full')
    expect(full).toMatchObject({ kind: 'full', rows: 2_000 })
    expect(await s3.objects(`backups/${full.backup}/.backup`)).toHaveLength(1)
    expect(await job(['verify'])).toMatchObject({ backup: full.backup, rows: 2_000, hash: full.hash })

    await fill(50, 2)
    const increment = await backup('incremental')
    expect(increment).toMatchObject({ kind: 'incremental', base: full.backup, rows: 2_050 })
    expect(increment.sizeBytes).toBeLessThan(full.sizeBytes * 3)
    expect(await job(['verify'])).toMatchObject({ backup: increment.backup, hash: increment.hash })
    expect(await content()).not.toEqual(before)
    expect(await databases()).not.toContain(`${DATABASE}_verify`)
  })

  it('trust the private authority of a server that they are told of, and no other', async () => {
    const front = await startTlsFront(Number(new URL(clickhouse.url).port))
    try {
      const trusting = { clickhouseUrl: front.url, clickhouseCa: front.ca }
      const made = await job(['backup', 'full'], trusting)
      if (made.job !== 'backup' || hasFailed(made)) throw new Error(JSON.stringify(made))
      const { backup: name, hash } = made
      expect(await job(['verify'], trusting)).toMatchObject({ backup: name, hash })
      const refused = await job(['verify'], { clickhouseUrl: front.url })
      expect(JSON.stringify(refused)).toContain('unable to verify the first certificate')
    } finally {
      await front.close()
    }
  })

  it('count anew only partitions that changed', async () => {
    const last = await backup('incremental')
    const known = await recorded(client, DATABASE, last.backup)
    if (!known) throw new Error('nothing was recorded')
    const counted: string[] = []
    const watched = new Proxy(client, {
      get: (target, property) =>
        property === 'query'
          ? (request: Parameters<ClickHouseClient['query']>[0]) => {
              const { partitions } = (request.query_params ?? {}) as { partitions?: string[] }
              counted.push(...(partitions ?? []))
              return target.query(request)
            }
          : (Reflect.get(target, property) as unknown),
    })
    const same = await recount(watched, DATABASE, new Date(), known.figures)
    expect(counted).toEqual([])
    expect(totals(same)).toMatchObject({ rows: last.rows, hash: last.hash })
    await fill(1, 1)
    const more = await recount(watched, DATABASE, new Date(Date.now() + 1_000), known.figures)
    expect(counted).toHaveLength(1)
    expect(totals(more).rows).toBe(last.rows + 1)
  })

  it('find a flipped byte, and say which backup and where', async () => {
    await fill(500, 60)
    const full = await backup('full')
    const data = (await s3.objects(`backups/${full.backup}/data/${DATABASE}/email_events/`)).filter((key) =>
      key.endsWith('data.bin'),
    )
    const victim = join(s3.bucketDir, data[0] ?? '')
    const sound = await readFile(victim)
    const broken = Buffer.from(sound)
    const middle = Math.floor(broken.length / 2)
    broken.writeUInt8(broken.readUInt8(middle) ^ 0xff, middle)
    const source = await content()
    await writeFile(victim, broken)
    const failure = await job(['verify'])
    expect(failure).toMatchObject({ job: 'verify', backup: full.backup })
    if (!hasFailed(failure)) throw new Error('it passed')
    expect(failure.error).toMatch(/email_events|data\.bin|part/)
    expect(failure.error).not.toContain('Stack trace')
    expect(await content()).toEqual(source)
    expect(await databases()).not.toContain(`${DATABASE}_verify`)
    await writeFile(victim, sound)
    expect(hasFailed(await job(['verify']))).toBe(false)
  })

  it('find a flipped byte among rows that are too young to be counted', async () => {
    await fill(300, 1)
    const young = await job(['backup', 'full'], { settleSeconds: 3_600 })
    if (young.job !== 'backup' || hasFailed(young)) throw new Error(JSON.stringify(young))
    expect(await rowCount()).toBeGreaterThanOrEqual(young.rows + 300)
    const data = (await s3.objects(`backups/${young.backup}/data/${DATABASE}/email_events/`)).filter((key) =>
      key.endsWith('data.bin'),
    )
    const victim = join(s3.bucketDir, data.at(-1) ?? '')
    const broken = await readFile(victim)
    broken.writeUInt8(broken.readUInt8(broken.length >> 1) ^ 0xff, broken.length >> 1)
    await writeFile(victim, broken)
    const failure = await job(['verify'])
    expect(hasFailed(failure) && failure.error).toMatch(/part \S+ of email_events is broken/)
    await backup('full')
  })

  it('verify again after a run that was killed half way', async () => {
    await command(createDatabase(`${DATABASE}_verify`))
    await command(createTable(`${DATABASE}_verify`, 'email_events'))
    expect(hasFailed(await job(['verify']))).toBe(false)
  })

  it('give up soon when S3 is away, and use another name the next time', async () => {
    await s3.kill()
    try {
      const failure = await job(['backup', 'full'])
      expect(hasFailed(failure) && failure.error).toMatch(/S3_ERROR/)
    } finally {
      await s3.start()
    }
    const [first, second] = [await backup('full'), await backup('full')]
    expect(first.backup).not.toBe(second.backup)
  })

  it('make a full backup where an increment has nothing to build on', async () => {
    const base = await backup('full')
    await rm(join(s3.bucketDir, 'backups', base.backup), { recursive: true })
    const instead = await backup('incremental')
    expect(instead.kind).toBe('full')
    expect(hasFailed(await job(['verify']))).toBe(false)
  })

  it('end at their deadline with a report', async () => {
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    try {
      const settings = { deadlineSeconds: 2, clickhouseUrl: `http://127.0.0.1:${port}` }
      const late = await job(['backup', 'full'], settings)
      expect(late).toMatchObject({ job: 'backup', error: 'it was ended before it was done' })
    } finally {
      silent.close()
    }
  })

  it('remove the oldest chains and old leftovers, and what is left can still be restored', async () => {
    const folders = async () =>
      [...new Set((await s3.objects('backups/')).map((key) => key.split('/')[1] ?? ''))].sort()
    const foreign = join(s3.bucketDir, 'backups', 'somebody-elses')
    await mkdir(foreign, { recursive: true })
    await writeFile(join(foreign, 'file'), 'x')
    const complete = (await folders()).find((name) => name.includes('-full-')) ?? ''
    const dead = join(s3.bucketDir, 'backups', '2026-01-01T00-00-00Z-full-00000000')
    await cp(join(s3.bucketDir, 'backups', complete), dead, { recursive: true })
    await rm(join(dead, '.backup'))
    await utimes(dead, new Date(0), new Date(0))
    const newest = await backup('full')
    const increment = await backup('incremental')
    expect(increment.base).toBe(newest.backup)

    const report = await job(['retention'])
    expect(report).toMatchObject({ job: 'retention', leftovers: 1 })
    const left = await folders()
    expect(left).toContain('somebody-elses')
    expect(left).toContain(newest.backup)
    expect(left).toContain(increment.backup)
    expect(left.filter((name) => name.includes('-full-') && !name.includes('-on-'))).toHaveLength(2)
    expect(hasFailed(await job(['verify']))).toBe(false)
    expect(await job(['retention'])).toMatchObject({ removed: 0, leftovers: 0 })
  })

  it('tell nobody a secret', async () => {
    const manifests = await Promise.all(
      (await s3.objects('backups/'))
        .filter((key) => key.endsWith('.backup'))
        .map((key) => readFile(join(s3.bucketDir, key), 'utf8')),
    )
    const told = [...output, ...manifests, clickhouse.log()].join('\n')
    expect(told).toContain('statement: BACKUP DATABASE')
    for (const secret of [PASSWORD, s3.secretKey, s3.accessKey]) expect(told).not.toContain(secret)
  })
})
