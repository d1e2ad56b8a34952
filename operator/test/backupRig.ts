/**
 * A BatchSender with an archive and backups: a real engine, a real S3 server, a real API server, the operator as a process,
 * and the programs of the CronJobs with the environment that these give them. The engine stands behind a front: its users
 * and TLS are not shown here. When a CronJob runs is up to the test.
 */
import { createClient, type ClickHouseClient } from '@clickhouse/client'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClickhouseServer } from '../../hack/servers/clickhouse.ts'
import type { S3Server } from '../../hack/servers/s3.ts'
import { createTable, DATA_TABLES, BACKUP_TABLES } from '../../crds/clickhouseTables.ts'
import type { Procedure } from '../../hack/docs/procedures.ts'
import { hasFailed } from '../../crds/jobReports.ts'
import { startClickhouse } from '../../hack/servers/clickhouse.ts'
import { startS3 } from '../../hack/servers/s3.ts'
import { runCronJob } from './cronJobRuns.ts'
import { condition, Harness } from './harness.ts'

const PASSWORD = 'canary-clickhouse-password'
/** For a machine that is busy: what is waited for comes within seconds. */
const PATIENCE_MS = 120_000

export class BackupRig {
  readonly cluster = new Harness()
  readonly s3: S3Server
  readonly #clickhouse: ClickhouseServer
  readonly #client: ClickHouseClient
  database = ''

  private constructor(s3: S3Server, clickhouse: ClickhouseServer) {
    this.s3 = s3
    this.#clickhouse = clickhouse
    this.#client = createClient({ url: clickhouse.url, username: 'all', password: PASSWORD })
  }

  static async start(): Promise<BackupRig> {
    const s3 = await startS3()
    const rig = new BackupRig(s3, await startClickhouse({ s3, username: 'all', password: PASSWORD }))
    await rig.cluster.start()
    return rig
  }

  async stop(): Promise<void> {
    await this.cluster.stop()
    await this.#client.close()
    await this.#clickhouse.stop()
    await this.s3.stop()
  }

  /** In a namespace, a database and a bucket of its own; without a row. */
  async newSender(): Promise<void> {
    const { cluster, s3 } = this
    // Two at one place would be told so.
    if (this.database !== '') await cluster.inNamespace(['delete', 'batchsender', 'orders', '--wait=true'])
    await cluster.newNamespace()
    this.database = cluster.namespace.replace('-', '_')
    await rm(join(s3.bucketDir, 'backups'), { recursive: true, force: true })
    await cluster.applySecrets()
    await cluster.apply(cluster.secret('clickhouse', { username: 'all', password: PASSWORD }))
    await cluster.apply(cluster.secret('bucket', { accessKey: s3.accessKey, secretKey: s3.secretKey }))
    const bucket = {
      endpoint: s3.url,
      bucket: s3.bucket,
      prefix: 'backups/',
      credentialsSecretRef: { name: 'bucket' },
    }
    const external = {
      url: this.#clickhouse.url,
      insecure: true,
      credentialsSecretRef: { name: 'clickhouse' },
    }
    const backup = {
      incrementalSchedule: '*/10 * * * *',
      destination: { namedCollection: 'backup_s3', s3: bucket },
      retention: { fullBackups: 1 },
      verify: {},
    }
    const clickhouse = { external, database: this.database, archive: {}, backup }
    await cluster.apply(cluster.batchSender({ clickhouse }))
    await this.untilReason('BackupReady', 'Scheduled')
    await this.untilReason('ArchiveReady', 'Archiving')
  }

  /** `$db` stands for the database. */
  run(query: string) {
    return this.#client.command({ query: query.replaceAll('$db', this.database) })
  }

  async rows<Row>(query: string): Promise<Row[]> {
    const result = await this.#client.query({
      query: query.replaceAll('$db', this.database),
      format: 'JSONEachRow',
    })
    return result.json<Row>()
  }

  /** As a reader with the rights does what a document says, with names of one's own in the place of its examples. */
  async follow(procedure: Procedure, values: Readonly<Record<string, string>>): Promise<void> {
    for (const query of procedure.with({ batchsender: this.database, ...values }).statements)
      await this.run(query)
  }

  content(database = this.database) {
    return this.rows(
      `SELECT count() AS count, toString(groupBitXor(cityHash64(*))) AS hash FROM ${database}.email_events`,
    )
  }

  async exists(what: string): Promise<boolean> {
    return (await this.rows<{ result: number }>(`EXISTS ${what}`))[0]?.result === 1
  }

  /** As somebody makes them by hand, with the rules that the operator would give them. */
  async makeTables(): Promise<void> {
    await this.run('CREATE DATABASE $db')
    for (const table of DATA_TABLES) await this.makeTable(table)
    for (const table of BACKUP_TABLES) await this.run(createTable(this.database, table))
  }

  makeTable(table: (typeof DATA_TABLES)[number]) {
    const archive = { afterDays: 90, disk: 's3', storagePolicy: 'archive_v1' }
    return this.run(createTable(this.database, table, archive))
  }

  /** Old enough to be counted before a backup. */
  fill(count: number, days: number) {
    return this.run(`INSERT INTO $db.email_events (event_time, batch_id, recipient, inserted_at)
      SELECT now() - toIntervalDay(number % ${days}), generateUUIDv4(), concat('r', toString(number)), now() - toIntervalHour(1)
      FROM numbers(${count})`)
  }

  async folders(): Promise<readonly string[]> {
    return [...new Set((await this.s3.objects('backups/')).map((key) => key.split('/')[1] ?? ''))].sort()
  }

  /** @returns its name */
  async backupNow(kind: 'full' | 'incremental' = 'full'): Promise<string> {
    const report = await runCronJob(this.cluster, `orders-backup-${kind}`)
    if (report === 'suspended' || report.job !== 'backup' || hasFailed(report))
      throw new Error(JSON.stringify(report))
    return report.backup
  }

  runPart(part: 'verify' | 'retention', options: { despiteSuspension?: boolean } = {}) {
    return runCronJob(this.cluster, `orders-backup-${part}`, options)
  }

  untilCheck(name: string, state: string, says = /./) {
    return this.#hurrying(`${name} ${state} ${String(says)}`, async () => {
      const found = (await this.cluster.status()).checks?.find((check) => check.name === name)
      return found?.state === state && says.test(found.message) ? found : undefined
    })
  }

  untilReason(type: string, reason: string) {
    return this.#hurrying(`${type} ${reason}`, async () => {
      const found = condition(await this.cluster.status(), type)
      return found?.reason === reason ? found : undefined
    })
  }

  /** Until the status refuses to believe something of that name. */
  untilRefused(what: RegExp) {
    return this.#hurrying(`${String(what)} is refused`, async () => {
      const refused = (await this.cluster.status()).evidence?.backup?.refused ?? []
      return refused.find((one) => what.test(one.what))
    })
  }

  /** With rows that are backed up, restored, and known to the status. @returns the name of the backup */
  async provenBackup(): Promise<string> {
    await this.fill(3_000, 200)
    const name = await this.backupNow()
    await this.runPart('verify')
    await this.untilCheck('backup-fresh', 'Proven')
    await this.untilCheck('restore-verified', 'Proven', /3000 rows/)
    await this.#hurrying('the rows are remembered', async () => {
      const tables = (await this.cluster.status()).evidence?.tables
      return (tables?.[0]?.partitions.length ?? 0) >= 6 ? true : undefined
    })
    return name
  }

  annotate(annotations: Readonly<Record<string, string>>) {
    return this.cluster.api.patch(
      { kind: 'batchsender', namespace: this.cluster.namespace, name: 'orders' },
      { metadata: { annotations } },
    )
  }

  #hurrying<Result>(what: string, look: () => Promise<Result | undefined>): Promise<Result> {
    const hurried = async () => {
      const found = await look()
      if (found === undefined) await this.cluster.hurry()
      return found
    }
    return this.cluster.eventually(what, hurried, PATIENCE_MS)
  }
}
