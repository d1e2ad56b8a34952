/** A BatchSender with archive and backups in the local cluster, and hands on its ClickHouse and its bucket. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { createClient, type ClickHouseClient } from '@clickhouse/client'
import { Environment, NAME } from './environment.ts'
import { eventually } from './eventually.ts'

export const DATABASE = 'batchsender'
const BUCKET = 'batchsender'
const EVENTS = `${DATABASE}.email_events`

export interface StoredObject {
  readonly key: string
  readonly body: Buffer
}

export class DataSite {
  readonly here: Environment
  readonly #client: ClickHouseClient
  readonly #s3: S3Client

  private constructor(here: Environment, client: ClickHouseClient, s3: S3Client) {
    this.here = here
    this.#client = client
    this.#s3 = s3
  }

  /** @param backup merged into `spec.clickhouse.backup` */
  static async open(namespace: string, backup: object = {}, spec: object = {}): Promise<DataSite> {
    const host = `${namespace}.svc.cluster.local`
    const s3 = {
      endpoint: `http://s3.${host}:7070`,
      bucket: BUCKET,
      prefix: 'backups/',
      credentialsSecretRef: { name: 's3' },
    }
    const clickhouse = {
      external: {
        url: `http://clickhouse.${host}:8123`,
        insecure: true,
        credentialsSecretRef: { name: 'clickhouse' },
      },
      archive: {},
      backup: { destination: { namedCollection: 'backup_s3', s3 }, verify: {}, ...backup },
    }
    const here = await Environment.start(namespace, { spec: { clickhouse, ...spec } })
    const [username, password] = [
      await here.secret('clickhouse', 'username'),
      await here.secret('clickhouse', 'password'),
    ]
    const client = createClient({
      url: `http://${await here.address('clickhouse')}:8123`,
      username,
      password,
    })
    const bucket = new S3Client({
      endpoint: `http://${await here.address('s3')}:7070`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: {
        accessKeyId: await here.secret('s3', 'accessKey'),
        secretAccessKey: await here.secret('s3', 'secretKey'),
      },
    })
    return new DataSite(here, client, bucket)
  }

  async close(): Promise<void> {
    await this.#client.close()
    this.#s3.destroy()
    await this.here.stop()
  }

  run(query: string): Promise<unknown> {
    return this.#client.command({ query })
  }

  async rows<Row>(query: string): Promise<Row[]> {
    return (await this.#client.query({ query, format: 'JSONEachRow' })).json<Row>()
  }

  /** Count and hash of all events: equal only when the rows are. */
  content(database = DATABASE): Promise<{ count: string; hash: string }[]> {
    return this.rows(
      `SELECT count() AS count, toString(groupBitXor(cityHash64(*))) AS hash FROM ${database}.email_events`,
    )
  }

  async untilTables(): Promise<void> {
    await eventually('the tables', async () => ((await this.engine()) === '' ? undefined : true))
  }

  /** Engine, rule and settings of the table of events; empty when there is none. */
  async engine(): Promise<string> {
    const [table] = await this.rows<{ engine_full: string }>(
      `SELECT engine_full FROM system.tables WHERE database = '${DATABASE}' AND name = 'email_events'`,
    )
    return table?.engine_full ?? ''
  }

  /** Events of the last 300 days. */
  async fill(count: number): Promise<void> {
    await this.run(`INSERT INTO ${EVENTS} (event_time, batch_id, recipient)
      SELECT now() - toIntervalDay(number % 300), generateUUIDv4(), concat('r', toString(number)) FROM numbers(${count})`)
  }

  /** Rows younger than a minute are in a backup, but not counted. */
  async untilCounted(): Promise<void> {
    await eventually('the rows are old enough', async () => {
      const [row] = await this.rows<{ young: string }>(
        `SELECT toString(countIf(inserted_at > now() - 61)) AS young FROM ${EVENTS}`,
      )
      return row?.young === '0' ? true : undefined
    })
  }

  async objects(prefix: string): Promise<string[]> {
    const keys: string[] = []
    let ContinuationToken: string | undefined
    do {
      const page = await this.#s3.send(
        new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix, ContinuationToken }),
      )
      keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []))
      ContinuationToken = page.NextContinuationToken
    } while (ContinuationToken !== undefined)
    return keys
  }

  async read(key: string): Promise<StoredObject> {
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }))
    return { key, body: Buffer.from((await Body?.transformToByteArray()) ?? []) }
  }

  async write({ key, body }: StoredObject): Promise<void> {
    await this.#s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }))
  }

  /** @returns what was there */
  async remove(key: string): Promise<StoredObject> {
    const object = await this.read(key)
    await this.#s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }))
    return object
  }

  async fullBackups(): Promise<readonly string[]> {
    const names = (await this.objects('backups/')).map((key) => key.split('/')[1] ?? '')
    return [...new Set(names)].filter((name) => !name.includes('-on-')).sort()
  }

  /** The first data file of the events in a backup; none when it was made before there was one. */
  async dataOf(backup: string): Promise<string | undefined> {
    const keys = await this.objects(`backups/${backup}/data/${DATABASE}/email_events/`)
    return keys.find((key) => key.endsWith('data.bin'))
  }

  /** In the middle of the oldest part of the events, which no merge touches any more. @returns what was there */
  async flipByte(backup: string): Promise<StoredObject | undefined> {
    const key = await this.dataOf(backup)
    if (key === undefined) return undefined
    const sound = await this.read(key)
    const body = Buffer.from(sound.body)
    const middle = body.length >> 1
    body.writeUInt8(body.readUInt8(middle) ^ 0xff, middle)
    await this.write({ key, body })
    return sound
  }

  /** A Job made from a CronJob by hand, run to its end. */
  async runNow(cronJob: string, name: string): Promise<'Complete' | 'Failed'> {
    await this.here.kubectl('create', 'job', name, `--from=cronjob/${NAME}-${cronJob}`)
    return this.ended(name)
  }

  ended(job: string): Promise<'Complete' | 'Failed'> {
    return eventually(
      `Job ${job} ends`,
      async () => {
        const ended = await this.here.kubectl(
          'get',
          'job',
          job,
          '-o',
          'jsonpath={.status.conditions[?(@.status=="True")].type}',
        )
        return ended.includes('Complete') ? 'Complete' : ended.includes('Failed') ? 'Failed' : undefined
      },
      180_000,
      500,
    )
  }

  hurry(): Promise<string> {
    return this.here.kubectl(
      'annotate',
      '--overwrite',
      'bs',
      NAME,
      `batchsender.io/requestedAt=${Date.now()}`,
    )
  }
}
