/**
 * Archive and backups with real pods, and a real S3 server. ClickHouse is a stand-in: its engine behind an HTTP front,
 * without users of its own and without TLS.
 */
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { createClient, type ClickHouseClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conditionOf } from '../demo/readiness.ts'
import { Environment, eventually, expectContract, NAME } from './environment.ts'

const NAMESPACE = 'e2e-data'
const DATABASE = 'batchsender'
const BUCKET = 'batchsender'
const LIMIT_MS = 180_000
/** A third of the limit, as backupFresh.ts grants it for the backup itself. */
const GRACE_MS = 60_000
/** A check is looked at every half a minute at least. */
const PROMPT_MS = 30_000
const RULE = "event_date + toIntervalDay(90) TO DISK 's3'"

let here: Environment
let client: ClickHouseClient
let s3: S3Client

beforeAll(async () => {
  const host = `${NAMESPACE}.svc.cluster.local`
  const credentialsSecretRef = { name: 's3' }
  const bucket = {
    endpoint: `http://s3.${host}:7070`,
    bucket: BUCKET,
    prefix: 'backups/',
    credentialsSecretRef,
  }
  const clickhouse = {
    external: {
      url: `http://clickhouse.${host}:8123`,
      insecure: true,
      credentialsSecretRef: { name: 'clickhouse' },
    },
    archive: {},
    backup: {
      incrementalSchedule: '* * * * *',
      destination: { namedCollection: 'backup_s3', s3: bucket },
      retention: { fullBackups: 2 },
      verify: {},
    },
  }
  here = await Environment.start(NAMESPACE, { spec: { clickhouse, objectives: { rpo: '3m' } } })
  const secret = async (name: string, key: string) => {
    const text = await here.kubectl('get', 'secret', name, '-o', `jsonpath={.data.${key}}`)
    return Buffer.from(text, 'base64').toString()
  }
  const address = (service: string) =>
    here.kubectl('get', 'service', service, '-o', 'jsonpath={.spec.clusterIP}')
  const [username, password] = [
    await secret('clickhouse', 'username'),
    await secret('clickhouse', 'password'),
  ]
  const [accessKeyId, secretAccessKey] = [await secret('s3', 'accessKey'), await secret('s3', 'secretKey')]
  client = createClient({ url: `http://${await address('clickhouse')}:8123`, username, password })
  s3 = new S3Client({
    endpoint: `http://${await address('s3')}:7070`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  })
})
afterAll(async () => {
  await client.close()
  s3.destroy()
  await here.stop()
})

const run = (query: string) => client.command({ query })

async function rows<Row>(query: string): Promise<Row[]> {
  return (await client.query({ query, format: 'JSONEachRow' })).json<Row>()
}

const content = (database = DATABASE) =>
  rows(`SELECT count() AS count, toString(groupBitXor(cityHash64(*))) AS hash FROM ${database}.email_events`)

async function objects(prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }))
  return Contents.flatMap(({ Key }) => Key ?? [])
}

async function fullBackups(): Promise<readonly string[]> {
  const names = (await objects('backups/')).map((key) => key.split('/')[1] ?? '')
  return [...new Set(names)].filter((name) => !name.includes('-on-'))
}

/** In the middle of the oldest part of the events, which no merge touches any more. */
async function flipByte(backup: string): Promise<void> {
  const parts = await objects(`backups/${backup}/data/${DATABASE}/email_events/`)
  const Key = parts.find((key) => key.endsWith('data.bin'))
  // Made before there was an event.
  if (Key === undefined) return
  const stored = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
  const bytes = Buffer.from((await stored.Body?.transformToByteArray()) ?? [])
  const middle = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle)
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: bytes }))
}

/** Every value of every Secret in the namespace that must never be told, and the token that requests are made with. */
async function canaries(): Promise<readonly string[]> {
  const { items } = JSON.parse(await here.kubectl('get', 'secrets', '-o', 'json')) as {
    items: { data?: Record<string, string> }[]
  }
  const told = ['tls.crt', 'ca.crt', 'username']
  const values = items
    .flatMap(({ data = {} }) => Object.entries(data))
    .filter(([key]) => !told.some((one) => key.endsWith(one)))
    .map(([, value]) => Buffer.from(value, 'base64').toString())
  return [...new Set([...values, (await here.endpoints()).apiToken])]
}

const check = async (name: string) => (await here.sender()).status.checks?.find((one) => one.name === name)

async function untilCheck(name: string, state: string, deadlineMs = 120_000) {
  return eventually(
    `${name} ${state}`,
    async () => {
      const found = await check(name)
      return found?.state === state ? found : undefined
    },
    deadlineMs,
    500,
  )
}

/** A Job made from a CronJob by hand, run to its end. */
async function runNow(cronJob: string, name: string): Promise<'Complete' | 'Failed'> {
  await here.kubectl('create', 'job', name, `--from=cronjob/${NAME}-${cronJob}`)
  return eventually(
    `Job ${name} ends`,
    async () => {
      const ended = await here.kubectl(
        'get',
        'job',
        name,
        '-o',
        'jsonpath={.status.conditions[?(@.status=="True")].type}',
      )
      return ended.includes('Complete') ? 'Complete' : ended.includes('Failed') ? 'Failed' : undefined
    },
    180_000,
    500,
  )
}

const hurry = () =>
  here.kubectl('annotate', '--overwrite', 'bs', NAME, `batchsender.io/requestedAt=${Date.now()}`)

describe('the archive in a cluster', () => {
  it('moves due partitions to the bucket and changes no row', async () => {
    await eventually('the tables', async () =>
      (await rows(`SELECT 1 FROM system.tables WHERE database = '${DATABASE}' AND name = 'email_events'`))
        .length > 0
        ? true
        : undefined,
    )
    await run(`INSERT INTO ${DATABASE}.email_events (event_time, batch_id, recipient)
      SELECT now() - toIntervalDay(number % 300), generateUUIDv4(), concat('r', toString(number)) FROM numbers(3000)`)
    const before = await content()
    await eventually('cold parts in the status', async () => {
      await hurry()
      const table = (await here.sender()).status.evidence?.archive?.find(
        ({ name }) => name === 'email_events',
      )
      return table && table.partsCold >= 6 && table.partsDue === 0 ? true : undefined
    })
    await untilCheck('archive-flowing', 'Proven')
    expect((await objects('cold/')).length).toBeGreaterThan(10)
    expect(await content()).toEqual(before)
  })

  it('puts a rule back that was altered by hand, and says why', async () => {
    await run(`ALTER TABLE ${DATABASE}.email_events MODIFY TTL event_date + INTERVAL 9 DAY TO DISK 's3'`)
    const alteredAt = performance.now()
    await hurry()
    await eventually('the rule is back', async () => {
      const [table] = await rows<{ engine_full: string }>(
        `SELECT engine_full FROM system.tables WHERE database = '${DATABASE}' AND name = 'email_events'`,
      )
      return table?.engine_full.includes(RULE) ? true : undefined
    })
    console.log(`rule back ${Math.round(performance.now() - alteredAt)} ms after it was altered`)
    await eventually('an Event names what it was', async () => {
      const events = await here.kubectl('get', 'events', '--field-selector', 'reason=TTLDrift', '-o', 'json')
      return events.includes('toIntervalDay(9)') ? true : undefined
    })
  })
})

describe('an edit of what is kept', () => {
  it.each([
    { what: 'the archive', spec: { clickhouse: { archive: { afterDays: 91 } } } },
    { what: 'the archive, back', spec: { clickhouse: { archive: { afterDays: 90 } } } },
    { what: 'the verification', spec: { clickhouse: { backup: { verify: { schedule: '30 4 * * *' } } } } },
  ])('is Ready again within a minute: $what', async ({ spec }) => {
    await here.kubectl('patch', 'bs', NAME, '--type=merge', '-p', JSON.stringify({ spec }))
    await here.kubectl('wait', '--for=condition=Ready', `batchsender/${NAME}`, '--timeout=60s')
  })
})

describe('backups in a cluster', () => {
  it('are made by the CronJob’s pods, and one can be restored and is equal', async () => {
    // Rows younger than a minute are in a backup, but not counted.
    await eventually('the rows are old enough', async () => {
      const [row] = await rows<{ young: string }>(
        `SELECT toString(countIf(inserted_at > now() - 61)) AS young FROM ${DATABASE}.email_events`,
      )
      return row?.young === '0' ? true : undefined
    })
    expect(await runNow('backup-full', 'by-hand')).toBe('Complete')
    const evidence = await eventually('the backup is in the status', async () => {
      const backup = (await here.sender()).status.evidence?.backup
      return backup?.lastFull ? backup : undefined
    })
    const name = evidence.lastFull?.name ?? ''
    expect(evidence.lastFull?.rows).toBeGreaterThan(2_999)
    expect(await objects(`backups/${name}/.backup`)).toHaveLength(1)
    const before = await content()
    await run(`RESTORE DATABASE ${DATABASE} AS restored FROM S3(backup_s3, '${name}')`)
    expect(await content('restored')).toEqual(before)
    await run('DROP DATABASE restored SYNC')
    expect(conditionOf(await here.sender(), 'BackupReady')).toMatchObject({
      status: 'True',
      reason: 'Scheduled',
    })
  })

  it('are made on demand, once for each request', async () => {
    const before = (await here.sender()).status.evidence?.backup?.lastFull?.name
    await here.kubectl('annotate', '--overwrite', 'bs', NAME, 'batchsender.io/backupRequestedAt=now-1')
    await eventually('another full backup', async () => {
      const status = (await here.sender()).status
      return status.evidence?.backup?.lastFull?.name !== before && status.lastHandledBackupRequest === 'now-1'
        ? true
        : undefined
    })
  })

  it('are fresh while increments are made every minute', async () => {
    const proof = await untilCheck('backup-fresh', 'Proven', 180_000)
    expect(proof.message).toMatch(/^backup of 2\d{3}-.*Z, limit 3m and 60 s to make the next one$/)
  })

  it('are verified by a restore, until a byte is flipped', async () => {
    expect(await runNow('backup-verify', 'verify-good')).toBe('Complete')
    const proof = await untilCheck('restore-verified', 'Proven')
    expect(proof.message).toContain('partitions equal')
    const source = await content()

    // An increment that was begun before the last full backup ended builds on the one before it: spoil them all.
    for (const full of await fullBackups()) await flipByte(full)
    expect(await runNow('backup-verify', 'verify-bad')).toBe('Failed')
    const failing = await untilCheck('restore-verified', 'Failing')
    expect(failing.message).toMatch(/-full-[0-9a-f]{8}: .+/)
    expect(await content()).toEqual(source)
  })

  it('turn the check when they stop, at its limit, and back when they are made again', async () => {
    await here.kubectl('scale', 'deployment/s3', '--replicas=0')
    let last = NaN
    const failing = await eventually(
      'backup-fresh Failing',
      async () => {
        const found = await check('backup-fresh')
        if (found?.state === 'Failing') return found
        const [, at] = /^backup of (\S+Z),/.exec(found?.message ?? '') ?? []
        if (at !== undefined) last = Date.parse(at)
        return undefined
      },
      400_000,
      500,
    )
    const lateMs = Date.now() - last - LIMIT_MS
    expect(failing.message).toContain('limit 3m')
    console.log(`backup-fresh fails ${Math.round(lateMs / 1000)} s after the limit`)
    // What follows needs S3, whatever this finds.
    await here.kubectl('scale', 'deployment/s3', '--replicas=1')
    expect(lateMs).toBeGreaterThanOrEqual(GRACE_MS)
    expect(lateMs).toBeLessThan(GRACE_MS + PROMPT_MS)
    await untilCheck('backup-fresh', 'Proven', 240_000)
  }, 700_000)

  it('old ones are removed by pods that may speak to S3 alone', async () => {
    expect(await runNow('backup-full', 'second')).toBe('Complete')
    expect(await runNow('backup-full', 'third')).toBe('Complete')
    expect(await runNow('backup-retention', 'clean')).toBe('Complete')
    expect(await fullBackups()).toHaveLength(2)
  })

  it.each(['backup-full', 'backup-incremental', 'backup-verify', 'backup-retention'])(
    'brings CronJob %s back when it is deleted',
    async (part) => {
      const name = `${NAME}-${part}`
      const before = await here.get('cronjob', name)
      await here.kubectl('delete', 'cronjob', name)
      const goneAt = performance.now()
      await eventually(`${name} is back`, async () => {
        const now = await here.get('cronjob', name)
        return now && now.metadata.uid !== before?.metadata.uid ? true : undefined
      })
      console.log(`${name}: back ${Math.round(performance.now() - goneAt)} ms after it was deleted`)
    },
  )

  it('has its CronJob put back when it is edited', async () => {
    const name = `${NAME}-backup-full`
    const schedule = () => here.kubectl('get', 'cronjob', name, '-o', 'jsonpath={.spec.schedule}')
    const before = await schedule()
    await here.kubectl('patch', 'cronjob', name, '--type=merge', '-p', '{"spec":{"schedule":"1 1 1 1 *"}}')
    const editedAt = performance.now()
    await eventually('the schedule is back', async () => ((await schedule()) === before ? true : undefined))
    console.log(`${name}: put back ${Math.round(performance.now() - editedAt)} ms after the edit`)
  })

  it('has every NetworkPolicy brought back when it is deleted', async () => {
    const list = await here.kubectl('get', 'networkpolicies', '-o', 'jsonpath={.items[*].metadata.name}')
    const names = list.split(' ').filter((name) => name.startsWith(`${NAME}-`))
    for (const part of ['default-deny', 'dns', 'migration', 'backup', 'retention'])
      expect(names).toContain(`${NAME}-${part}`)
    for (const name of names) {
      const before = await here.get('networkpolicy', name)
      await here.kubectl('delete', 'networkpolicy', name)
      const goneAt = performance.now()
      await eventually(`${name} is back`, async () => {
        const now = await here.get('networkpolicy', name)
        return now && now.metadata.uid !== before?.metadata.uid ? true : undefined
      })
      console.log(`${name}: back ${Math.round(performance.now() - goneAt)} ms after it was deleted`)
    }
  })

  it('tell no secret in logs, events, statuses, pods, statements or manifests', async () => {
    const manifests = await Promise.all(
      (await objects('backups/'))
        .filter((key) => key.endsWith('/.backup'))
        .map(async (Key) => {
          const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
          return (await Body?.transformToString()) ?? ''
        }),
    )
    const pods = (await here.kubectl('get', 'pods', '-o', 'name')).trim().split('\n')
    const log = (pod: string, ...more: string[]) =>
      here.kubectl('logs', pod, '--tail=-1', ...more).catch(() => '')
    const logs = await Promise.all(pods.flatMap((pod) => [log(pod), log(pod, '--previous')]))
    const objectsTold = await here.kubectl(
      'get',
      'bs,events,pods,jobs,cronjobs,configmaps,deployments,statefulsets,services,networkpolicies,poddisruptionbudgets',
      '-o',
      'json',
    )
    const operator = await here.operatorLog()
    const told = [...manifests, ...logs, objectsTold, operator].join('\n')
    expect(manifests.length).toBeGreaterThan(1)
    expect(told).toContain('statement: BACKUP DATABASE')
    const secrets = await canaries()
    expect(secrets.length).toBeGreaterThan(8)
    for (const canary of secrets) {
      expect(canary.length).toBeGreaterThan(7)
      expect(told).not.toContain(canary)
      expect(told).not.toContain(Buffer.from(canary).toString('base64'))
    }
  })

  it('kept the contract in every status that was seen', () => {
    expectContract(here.statuses)
  })
})
