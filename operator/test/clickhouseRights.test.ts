/**
 * Each role with exactly the rights of docs/clickhouse-rights.sql on the real engine, one at a time: a library knows one
 * user, so whoever comes is that role. Names and passwords are not shown here.
 */
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Role } from '../../crds/clickhouseRights.ts'
import type { S3Server } from '../../hack/servers/s3.ts'
import { rightsOf, ROLES, verifyDatabase } from '../../crds/clickhouseRights.ts'
import { createDatabase, createTable } from '../../crds/clickhouseTables.ts'
import { startClickhouse } from '../../hack/servers/clickhouse.ts'
import { startS3 } from '../../hack/servers/s3.ts'
import { ALL_ANSWERS, AnswerBudget } from '../src/adapters/answerBudget.ts'
import { auditRightsOf } from '../src/adapters/auditGrants.ts'
import { dialGuard } from '../src/adapters/dialGuard.ts'
import { Clickhouse } from '../src/adapters/clickhouse.ts'

const DATABASE = 'mail'
const COPY = verifyDatabase(DATABASE)
const ARCHIVE = { afterDays: 90, disk: 's3', storagePolicy: 'archive_v1' }
const ACCESS_DENIED = '497'

let s3: S3Server
let dataDir: string

/** Runs statements as a role; the code of the first error of each, or `ok`. */
async function attempt(
  role: Role | undefined,
  statements: readonly string[],
): Promise<Record<string, string>> {
  const grants = role && rightsOf(role, { database: DATABASE, collection: 'backup_s3' })
  const server = await startClickhouse({ s3, dataDir, ...(grants && { grants }) })
  const client = createClient({ url: server.url, log: { level: ClickHouseLogLevel.OFF } })
  const outcomes: Record<string, string> = {}
  for (const query of statements)
    outcomes[query] = await client.command({ query }).then(
      () => 'ok',
      (error: unknown) => (error instanceof ClickHouseError ? error.code : String(error)),
    )
  await client.close()
  await server.stop()
  return outcomes
}

const every = (statements: readonly string[], code: string) =>
  Object.fromEntries(statements.map((statement) => [statement, code]))

beforeAll(async () => {
  s3 = await startS3()
  dataDir = await mkdtemp(join(tmpdir(), 'batchsender-rights-'))
  const made = [
    createDatabase(DATABASE),
    createTable(DATABASE, 'email_events', ARCHIVE),
    createTable(DATABASE, 'audit_log', ARCHIVE),
    createTable(DATABASE, 'backup_figures'),
    createTable(DATABASE, 'backup_log'),
    createTable(DATABASE, 'backup_checks'),
    `INSERT INTO ${DATABASE}.email_events (event_time, batch_id, recipient)
       SELECT now() - toIntervalDay(number), generateUUIDv4(), 'a@example.org' FROM numbers(200)`,
    `BACKUP DATABASE ${DATABASE} TO S3(backup_s3, 'earlier') SETTINGS backup_restore_s3_retry_attempts = 2`,
  ]
  expect(await attempt(undefined, made)).toEqual(every(made, 'ok'))
})
afterAll(async () => {
  await s3.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const EVENTS = `${DATABASE}.email_events`
const AUDIT = `${DATABASE}.audit_log`
const READS = [`SELECT count() FROM ${EVENTS}`, `SELECT count() FROM ${AUDIT}`]

/** Nobody may change what the audit log says. */
const TAMPERING = [
  `ALTER TABLE ${AUDIT} DELETE WHERE 1`,
  `ALTER TABLE ${AUDIT} UPDATE user_id = 'nobody' WHERE 1`,
  `DELETE FROM ${AUDIT} WHERE 1`,
  `TRUNCATE TABLE ${AUDIT}`,
  `DROP TABLE ${AUDIT}`,
  `ALTER TABLE ${AUDIT} MODIFY TTL event_date + toIntervalDay(1)`,
  `TRUNCATE TABLE ${EVENTS}`,
  `DROP TABLE ${EVENTS}`,
  `DROP DATABASE ${DATABASE}`,
]

const INSERTS = [
  `INSERT INTO ${EVENTS} (event_time, batch_id, recipient) SELECT now(), generateUUIDv4(), 'b@example.org'`,
  `INSERT INTO ${AUDIT} (timestamp, id) SELECT now(), generateUUIDv4()`,
]
const RULE = `ALTER TABLE ${EVENTS} MODIFY TTL event_date + toIntervalDay(90) TO DISK 's3' SETTINGS materialize_ttl_after_modify = 0`
const BACKUP = `BACKUP DATABASE ${DATABASE} TO S3(backup_s3, 'later') SETTINGS backup_restore_s3_retry_attempts = 2`
const RESTORE = `RESTORE DATABASE ${DATABASE} AS ${COPY} FROM S3(backup_s3, 'earlier')`
const STORED = "SELECT _path FROM s3(backup_s3, filename = 'earlier/.backup', format = 'One')"
const CHECK = `INSERT INTO ${DATABASE}.backup_checks (backup, error) VALUES ('earlier', '')`
const MOVE_BACK = `ALTER TABLE ${EVENTS} MOVE PARTITION ID '202608' TO DISK 'default'`

const CASES: Readonly<Record<Role, { readonly may: readonly string[]; readonly mayNot: readonly string[] }>> =
  {
    worker: {
      may: [...INSERTS, `SELECT count() FROM ${EVENTS}`],
      mayNot: [`SELECT count() FROM ${AUDIT}`, RULE, BACKUP, MOVE_BACK],
    },
    operator: {
      may: [
        createDatabase(DATABASE),
        createTable(DATABASE, 'audit_log', ARCHIVE),
        RULE,
        `ALTER TABLE ${EVENTS} MODIFY SETTING storage_policy = 'archive_v1'`,
        `ALTER TABLE ${EVENTS} MATERIALIZE TTL SETTINGS mutations_sync = 0`,
        `SELECT * FROM system.parts WHERE database = '${DATABASE}'`,
        'SELECT * FROM system.disks',
        'SELECT * FROM system.storage_policies',
        `SELECT * FROM system.tables WHERE database = '${DATABASE}'`,
        'SELECT * FROM system.mutations',
      ],
      mayNot: [...READS, ...INSERTS, BACKUP, MOVE_BACK, STORED],
    },
    checksum: {
      may: [...READS, `INSERT INTO ${DATABASE}.backup_figures (backup) SELECT 'later'`],
      mayNot: [...INSERTS, RULE, BACKUP, MOVE_BACK],
    },
    backup: {
      may: [BACKUP, 'SELECT status FROM system.backups'],
      mayNot: [...READS, ...INSERTS, RULE, RESTORE, MOVE_BACK],
    },
    verify: {
      may: [
        RESTORE,
        `SELECT count() FROM ${COPY}.email_events`,
        `CHECK TABLE ${COPY}.email_events`,
        `DROP DATABASE ${COPY} SYNC`,
        STORED,
        CHECK,
      ],
      mayNot: [...READS, ...INSERTS, RULE, BACKUP, MOVE_BACK],
    },
    maintenance: {
      may: [`SELECT * FROM system.parts WHERE database = '${DATABASE}'`],
      mayNot: [...READS, ...INSERTS, RULE, BACKUP],
    },
  }

/** As a role, by the operator's own client; without a Secret nothing is asked of the API server. */
async function operatorAs<Result>(
  role: Role,
  ask: (clickhouse: Clickhouse, url: string) => Promise<Result>,
): Promise<Result> {
  const grants = rightsOf(role, { database: DATABASE, collection: 'backup_s3' })
  const server = await startClickhouse({ s3, dataDir, grants })
  const guard = dialGuard({
    forbiddenHosts: [],
    operatorNamespace: 'system',
    clusterDomain: 'cluster.local',
    allowLoopback: true,
  })
  try {
    return await ask(new Clickhouse(undefined as never, guard, new AnswerBudget(ALL_ANSWERS)), server.url)
  } finally {
    await server.stop()
  }
}

const lookAtBackups = (clickhouse: Clickhouse, url: string) =>
  clickhouse.lookAtBackups(
    {
      namespace: 'mail',
      access: { url },
      database: DATABASE,
      collection: 'backup_s3',
      remembered: ['earlier', 'never-made'],
    },
    AbortSignal.timeout(30_000),
  )

describe('the operator', () => {
  it('is told which right it lacks, with the words of the server', async () => {
    const fault = await operatorAs('backup', (clickhouse, url) =>
      clickhouse.run({ namespace: 'mail', access: { url } }, [RULE], AbortSignal.timeout(10_000)),
    )
    expect(fault).toMatchObject({
      reason: 'AccessDenied',
      message: expect.stringContaining('ALTER TTL') as string,
    })
  })

  it('looks at backups with the rights of whoever restores them, and with no less', async () => {
    expect(await operatorAs('verify', lookAtBackups)).toMatchObject({ reached: true, stored: ['earlier'] })
    expect(await operatorAs('operator', lookAtBackups)).toMatchObject({
      reached: false,
      fault: { reason: 'AccessDenied' },
    })
  })
})

/** As the operator asks it of whoever writes the audit log. */
async function toldOfItself(grants?: readonly string[]): Promise<string> {
  const server = await startClickhouse({ s3, dataDir, ...(grants && { grants }) })
  try {
    const asked = await fetch(`${server.url}/?query=${encodeURIComponent('SHOW GRANTS FORMAT TSVRaw')}`)
    return await asked.text()
  } finally {
    await server.stop()
  }
}

describe('whoever writes the audit log', () => {
  it.each([
    { grants: rightsOf('worker', { database: DATABASE, collection: 'backup_s3' }), changes: [] },
    {
      grants: [`INSERT, ALTER DELETE, TRUNCATE ON ${AUDIT}`],
      changes: ['ALTER DELETE', 'TRUNCATE'],
    },
    { grants: [`DROP TABLE, SHOW ON ${DATABASE}.*`], changes: ['DROP TABLE'] },
  ])('with $grants may do $changes to it, by its own words', async ({ grants, changes }) => {
    expect(auditRightsOf(await toldOfItself(grants), DATABASE)).toEqual({ changes, byRole: false })
  })

  it('who may do anything says so', async () => {
    expect(auditRightsOf(await toldOfItself(), DATABASE)?.changes).not.toEqual([])
  })
})

describe('the rights of', () => {
  it.each(Object.keys(ROLES) as Role[])('%s are enough for its work, and for nothing else', async (role) => {
    const { may, mayNot } = CASES[role]
    const outcomes = await attempt(role, [...may, ...mayNot, ...TAMPERING])
    expect(outcomes).toEqual({ ...every(may, 'ok'), ...every([...mayNot, ...TAMPERING], ACCESS_DENIED) })
  })
})
