/**
 * The archive on the real engine and a real S3 server, by an operator against a real API server. The engine stands
 * behind a front: names, passwords and TLS of a ClickHouse server are not shown here.
 */
import { createClient, type ClickHouseClient } from '@clickhouse/client'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClickhouseServer } from '../../hack/servers/clickhouse.ts'
import type { S3Server } from '../../hack/servers/s3.ts'
import { startClickhouse } from '../../hack/servers/clickhouse.ts'
import { startS3 } from '../../hack/servers/s3.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { condition, Harness } from './harness.ts'
import { typed } from './terminal.ts'

const cluster = new Harness()
const PASSWORD = 'canary-clickhouse-password'
const RULE = "event_date + toIntervalDay(90) TO DISK 's3'"

let s3: S3Server
let clickhouse: ClickhouseServer
let client: ClickHouseClient
let database: string

beforeAll(async () => {
  s3 = await startS3()
  clickhouse = await startClickhouse({ s3, username: 'operator', password: PASSWORD })
  client = createClient({ url: clickhouse.url, username: 'operator', password: PASSWORD })
  await cluster.start()
})
afterAll(async () => {
  await cluster.stop()
  await client.close()
  await clickhouse.stop()
  await s3.stop()
})
beforeEach(async () => {
  await cluster.newNamespace()
  database = cluster.namespace.replace('-', '_')
  await cluster.applySecrets()
  await cluster.apply(credentials(PASSWORD))
})

/** As from files, which end with a line feed. */
const credentials = (password: string) =>
  cluster.secret('clickhouse', {
    username: 'worker',
    password: 'not-used',
    'operator-username': 'operator\n',
    'operator-password': `${password}\n`,
  })

const run = (query: string) => client.command({ query: query.replaceAll('$db', database) })

async function rows<Row>(query: string): Promise<Row[]> {
  const result = await client.query({ query: query.replaceAll('$db', database), format: 'JSONEachRow' })
  return result.json<Row>()
}

const sender = (archive: object = {}) =>
  cluster.batchSender({
    clickhouse: {
      external: { url: clickhouse.url, insecure: true, credentialsSecretRef: { name: 'clickhouse' } },
      database,
      archive,
    },
  })

/** One event for each of the last `days` days. */
const fill = (days: number) =>
  run(`INSERT INTO $db.email_events (event_time, batch_id, recipient)
    SELECT now() - toIntervalDay(number), generateUUIDv4(), concat('r', toString(number)) FROM numbers(${days})`)

async function content() {
  const [figures] = await rows<{ count: number; hash: string }>(
    'SELECT count() AS count, toString(groupBitXor(cityHash64(*))) AS hash FROM $db.email_events',
  )
  return figures
}

/** `due` counts the parts whose newest row the rule has reached: on the very day, and by the server's own clock. */
const disks = () =>
  rows<{ disk_name: string; parts: number; due: number }>(
    `SELECT disk_name, toUInt32(count()) AS parts, toUInt32(countIf(max_date + toIntervalDay(90) <= today())) AS due
     FROM system.parts WHERE active AND database = '$db' AND table = 'email_events' GROUP BY disk_name ORDER BY disk_name`,
  )

async function engine(): Promise<string> {
  const [table] = await rows<{ engine_full: string }>(
    "SELECT engine_full FROM system.tables WHERE database = '$db' AND name = 'email_events'",
  )
  return table?.engine_full ?? ''
}

const mutations = async () =>
  (await rows<{ n: number }>("SELECT count() AS n FROM system.mutations WHERE database = '$db'"))[0]?.n

/** Has the operator look now instead of at its next round. */
const hurry = () => cluster.hurry()

/** What changed outside the API server is seen at the next look, which may be half a minute away. */
const untilTold = (reason: string) =>
  cluster.eventually(`ArchiveReady tells ${reason}`, async () => {
    const seen = condition(await cluster.status(), 'ArchiveReady')
    if (seen?.reason === reason) return seen
    await hurry()
    return undefined
  })

/** A warning: what is made for the first time is told as well, but not as one. */
async function untilEvent(reason: string): Promise<string> {
  return cluster.eventually(`an event ${reason}`, async () => {
    const events = await cluster.api.list('events', cluster.namespace)
    const found = events.find((event) => event['type'] === 'Warning' && event['reason'] === reason)
    return found?.['message'] as string | undefined
  })
}

async function untilCheck(state: string, deadlineMs = 30_000) {
  return cluster.eventually(
    `archive-flowing ${state}`,
    async () => {
      const found = (await cluster.status()).checks?.find(({ name }) => name === 'archive-flowing')
      if (found?.state === state) return found
      await hurry()
      return undefined
    },
    deadlineMs,
  )
}

describe('the archive', () => {
  it('brings an old table in line, moves what is due and changes no row', async () => {
    await run('CREATE DATABASE $db')
    await run(
      `CREATE TABLE $db.email_events (event_date Date DEFAULT toDate(event_time), event_time DateTime64(3, 'UTC'),
         batch_id UUID, recipient String) ENGINE = MergeTree PARTITION BY toYYYYMM(event_date) ORDER BY event_date`,
    )
    await fill(300)
    const before = await content()
    expect(await disks()).toHaveLength(1)

    await cluster.apply(sender())
    await cluster.untilCondition('ArchiveReady', 'True', 'Archiving')
    const proof = await untilCheck('Proven')
    expect(proof.message).toMatch(/^[67] parts on the archive disk/)
    expect(await content()).toEqual(before)
    const [hot, cold] = await disks()
    expect(hot).toMatchObject({ disk_name: 'default', due: 0 })
    expect(cold).toMatchObject({ disk_name: 's3', due: cold?.parts })
    expect((await s3.objects('cold/')).length).toBeGreaterThan(10)
    const figures = (await cluster.status()).evidence?.archive?.find(({ name }) => name === 'email_events')
    expect(figures).toMatchObject({ storagePolicy: 'archive_v1', rule: RULE, partsDue: 0 })
    expect(figures?.rowsCold).toBeGreaterThan(150)
  })

  it('makes what is missing, and then leaves it alone', async () => {
    await cluster.apply(sender())
    await cluster.untilCondition('ArchiveReady', 'True', 'Archiving')
    const tables = await rows<{ name: string; engine_full: string }>(
      "SELECT name, engine_full FROM system.tables WHERE database = '$db' ORDER BY name",
    )
    expect(tables.map(({ name }) => name)).toEqual(['audit_log', 'email_events'])
    for (const { engine_full } of tables) expect(engine_full).toContain(`TTL ${RULE}`)
    const before = await mutations()
    await hurry()
    await sleep(2_000)
    expect(await mutations()).toBe(before)
    await run('DROP TABLE $db.email_events SYNC')
    await hurry()
    expect(await untilEvent('TableMissing')).toContain('email_events is missing')
    await cluster.eventually('the table is back', async () => (await engine()) || undefined)
  })

  it('puts back a rule that was changed by hand, and says so', async () => {
    await cluster.apply(sender())
    await cluster.untilCondition('ArchiveReady', 'True', 'Archiving')
    await fill(10)
    await run("ALTER TABLE $db.email_events MODIFY TTL event_date + INTERVAL 7 DAY TO DISK 's3'")
    await hurry()
    const told = await untilEvent('TTLDrift')
    expect(told).toContain("the rule event_date + toIntervalDay(7) TO DISK 's3' instead of")
    await cluster.eventually('the rule is back', async () => (await engine()).includes(RULE) || undefined)
    // It is told of until it was seen to be back.
    await cluster.untilCondition('ArchiveReady', 'True', 'Archiving')

    await run('ALTER TABLE $db.email_events REMOVE TTL')
    await hurry()
    await cluster.eventually('the rule is back', async () => (await engine()).includes(RULE) || undefined)
  })

  it('never drops a rule that deletes, and goes on when it is gone', async () => {
    await cluster.apply(sender())
    await cluster.untilCondition('ArchiveReady', 'True', 'Archiving')
    await run(`ALTER TABLE $db.email_events MODIFY TTL ${RULE}, event_date + INTERVAL 7 YEAR DELETE`)
    await hurry()
    const told = await cluster.untilCondition('ArchiveReady', 'False', 'ForeignRule')
    expect(told.message).toContain('toIntervalYear(7)')
    expect(await engine()).toContain('toIntervalYear(7)')
    await run(`ALTER TABLE $db.email_events MODIFY TTL ${RULE}`)
    await hurry()
    await cluster.untilCondition('ArchiveReady', 'True', 'Archiving')
  })

  it.each<{ why: string; archive: object; reason: string; says: RegExp }>([
    { why: 'an unknown disk', archive: { disk: 'tape' }, reason: 'DiskNotFound', says: /no disk tape/ },
    {
      why: 'an unknown policy',
      archive: { storagePolicy: 'nothing' },
      reason: 'PolicyNotFound',
      says: /no storage policy nothing/,
    },
    {
      why: 'a policy without the disk',
      archive: { storagePolicy: 'default' },
      reason: 'PolicyNotFound',
      says: /default lacks the disk s3/,
    },
  ])('says what is wrong with $why before it asks for it', async ({ archive, reason, says }) => {
    await cluster.apply(sender(archive))
    expect((await cluster.untilCondition('ArchiveReady', 'False', reason)).message).toMatch(says)
    expect(await rows("SELECT name FROM system.databases WHERE name = '$db'")).toEqual([])
  })

  it('tells of a server that is away, and of a password that is wrong', async () => {
    await cluster.apply(credentials('wrong'))
    await cluster.apply(sender())
    expect((await untilTold('CredentialsRefused')).status).toBe('False')
    await cluster.apply(credentials(PASSWORD))
    expect((await untilTold('Archiving')).status).toBe('True')
    const url = 'http://127.0.0.1:1'
    const patch = { spec: { clickhouse: { external: { url } } } }
    await cluster.inNamespace(['patch', 'bs', 'orders', '--type=merge', '-p', JSON.stringify(patch)])
    await untilTold('Unreachable')
  }, 400_000)

  it('brings partitions back the way docs/archive.md says', async () => {
    await cluster.apply(sender())
    await cluster.untilCondition('ArchiveReady', 'True', 'Archiving')
    await fill(200)
    const before = await content()
    await untilCheck('Proven')
    await cluster.eventually('parts are cold', async () => ((await disks()).length === 2 ? true : undefined))

    await typed(cluster, procedure('docs/archive.md#raise-after-days'))
    const told = await cluster.eventually('parts are early', async () => {
      await hurry()
      const seen = condition(await cluster.status(), 'ArchiveReady')
      return seen?.reason === 'EarlyCold' ? seen : undefined
    })
    expect(told.status).toBe('True')
    const [cold = ''] = procedure('docs/archive.md#cold-partitions').with({
      batchsender: database,
    }).statements
    const partitions = await rows<{ partition_id: string }>(cold)
    expect(partitions.length).toBeGreaterThan(2)
    const move = procedure('docs/archive.md#move-partition')
    for (const { partition_id: id } of partitions)
      for (const query of move.with({ batchsender: database, 202608: id }).statements) await run(query)
    await hurry()
    await cluster.untilCondition('ArchiveReady', 'True', 'Archiving')
    await sleep(3_000)
    expect((await disks()).map(({ disk_name }) => disk_name)).toEqual(['default'])
    expect(await content()).toEqual(before)
  })

  it('lets inserts and recent reads go on while S3 is away, and catches up by itself', async () => {
    await cluster.apply(sender())
    await cluster.untilCondition('ArchiveReady', 'True', 'Archiving')
    await fill(200)
    await untilCheck('Proven')
    await cluster.eventually('parts are cold', async () => ((await disks()).length === 2 ? true : undefined))
    await s3.kill()
    try {
      await fill(200)
      const recent = 'SELECT count() AS n FROM $db.email_events WHERE event_date > today() - 30'
      expect(await rows(recent)).toEqual([{ n: 60 }])
      await expect(rows('SELECT sum(cityHash64(*)) FROM $db.email_events')).rejects.toMatchObject({
        code: '499',
      })
      await cluster.eventually('parts are seen to be due', async () => {
        await hurry()
        const tables = (await cluster.status()).evidence?.archive
        return (tables?.find(({ name }) => name === 'email_events')?.partsDue ?? 0) > 0 || undefined
      })
      expect(condition(await cluster.status(), 'ArchiveReady')).toMatchObject({ status: 'True' })
    } finally {
      await s3.start()
    }
    await cluster.eventually(
      'everything that was due has moved',
      async () => {
        await hurry()
        const due = (await cluster.status()).evidence?.archive?.map(({ partsDue }) => partsDue)
        return due?.every((parts) => parts === 0) === true || undefined
      },
      // The server waits longer before each try that fails, for as long as S3 was away.
      240_000,
    )
    expect(await rows('SELECT count() AS n FROM $db.email_events')).toEqual([{ n: 400 }])
    await untilCheck('Proven')
  }, 400_000)

  it('cannot be taken out of a spec', async () => {
    await cluster.apply(sender())
    const remove = '[{"op":"remove","path":"/spec/clickhouse/archive"}]'
    await expect(cluster.inNamespace(['patch', 'bs', 'orders', '--type=json', '-p', remove])).rejects.toThrow(
      /cannot be removed/,
    )
  })

  it('lets nobody read its password', async () => {
    await cluster.apply(sender())
    await cluster.untilCondition('ArchiveReady', 'True', 'Archiving')
    const told = [
      cluster.operator.output(),
      clickhouse.log(),
      await cluster.inNamespace(['get', 'bs,events,configmaps,deployments', '-o', 'json']),
    ].join('\n')
    expect(told).toContain('statement: ALTER TABLE')
    expect(told).not.toContain(PASSWORD)
  })
})
