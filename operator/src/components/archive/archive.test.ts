import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../snapshot.ts'
import type { ClickhouseSeen, TableSeen } from '../parts/clickhouseSeen.ts'
import { NOW, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { archiveFlowing } from '../../checks/archiveFlowing.ts'
import { archive } from './archive.ts'

const RULE = "event_date + toIntervalDay(90) TO DISK 's3'"
const NO_PARTS = { unaware: 0, due: { parts: 0, bytes: 0 }, cold: { parts: 0, bytes: 0, rows: 0 }, early: 0 }

const wanting = sender({
  spec: {
    ...SPEC,
    clickhouse: {
      external: { url: 'https://clickhouse.mail.svc:8443' },
      archive: { afterDays: 90, disk: 's3' },
    },
  },
})

function table(
  name: string,
  more: Partial<Omit<TableSeen, 'parts'>> & { parts?: object; ttl?: string } = {},
) {
  const { parts, ttl = ` TTL ${RULE}`, ...others } = more
  return {
    name,
    uuid: `uuid of ${name}`,
    partitions: [],
    storagePolicy: 'archive_v1',
    engineFull: `MergeTree ORDER BY a${ttl} SETTINGS index_granularity = 8192`,
    ...others,
    parts: { ...NO_PARTS, ...parts },
  }
}

function seeing(...tables: readonly TableSeen[]): Snapshot {
  return withEvidence({
    reached: true,
    disks: [
      { name: 'default', broken: false },
      { name: 's3', broken: false },
    ],
    policies: [
      { name: 'default', volumes: [{ name: 'default', disks: ['default'] }] },
      {
        name: 'archive_v1',
        volumes: [
          { name: 'default', disks: ['default'] },
          { name: 'cold', disks: ['s3'] },
        ],
      },
    ],
    tables,
  })
}

function withEvidence(seen: ClickhouseSeen, lookedAt = NOW): Snapshot {
  return snapshot({ sender: wanting, evidence: { clickhouse: { lookedAt, seen } } })
}

const audit = table('audit_log')
const statements = (of: Snapshot) =>
  archive.desired(of).flatMap((wish) => (wish.type === 'statement' ? wish.texts : []))

describe('archive', () => {
  it('tells of its disk when that is broken, and asks for nothing', () => {
    const { seen } = seeing(audit).evidence.clickhouse ?? {}
    if (seen?.reached !== true) throw new Error('nothing was seen')
    const broken = withEvidence({ ...seen, disks: [{ name: 's3', broken: true }] })
    expect(archive.verdict(broken)).toMatchObject({
      status: 'False',
      reason: 'DiskBroken',
      message: 'the disk s3 is broken',
    })
    expect(statements(broken)).toEqual([])
  })

  it('asks for nothing without a spec for it', () => {
    expect(archive.desired(snapshot())).toEqual([])
    expect(archive.verdict(snapshot())).toMatchObject({ status: 'True', reason: 'NotConfigured' })
  })

  it('is content with tables that are as they should be', () => {
    const well = seeing(table('email_events'), audit)
    expect(archive.desired(well)).toEqual([])
    expect(archive.verdict(well)).toMatchObject({ status: 'True', reason: 'Archiving' })
  })

  it('makes missing tables with policy and rule, the database first', () => {
    const [database, events] = statements(seeing(audit))
    expect(database).toBe('CREATE DATABASE IF NOT EXISTS `batchsender`')
    expect(events).toContain(`TTL ${RULE}`)
    expect(events).toContain("storage_policy = 'archive_v1'")
  })

  it.each<{ why: string; events: TableSeen; reason: string; statement?: RegExp }>([
    {
      why: 'another storage policy',
      events: table('email_events', { storagePolicy: 'default', ttl: '' }),
      reason: 'PolicyDrift',
      statement: /MODIFY SETTING storage_policy = 'archive_v1'$/,
    },
    {
      why: 'no rule',
      events: table('email_events', { ttl: '' }),
      reason: 'TTLDrift',
      statement: /MODIFY TTL event_date \+ toIntervalDay\(90\) TO DISK 's3' SETTINGS materialize/,
    },
    {
      why: 'another rule',
      events: table('email_events', { ttl: " TTL event_date + toIntervalDay(7) TO DISK 's3'" }),
      reason: 'TTLDrift',
      statement: /MODIFY TTL/,
    },
    {
      why: 'a rule that deletes',
      events: table('email_events', { ttl: ` TTL ${RULE}, event_date + toIntervalYear(7)` }),
      reason: 'ForeignRule',
    },
    {
      why: 'parts from before the rule',
      events: table('email_events', { parts: { unaware: 3 } }),
      reason: 'NotMaterialized',
      statement: /MATERIALIZE TTL SETTINGS mutations_sync = 0$/,
    },
    {
      why: 'parts that are being taught the rule',
      events: table('email_events', { parts: { unaware: 3 }, mutation: {} }),
      reason: 'NotMaterialized',
    },
    {
      why: 'a mutation that fails',
      events: table('email_events', { parts: { unaware: 3 }, mutation: { failure: 'no space' } }),
      reason: 'MutationFailed',
    },
    {
      why: 'parts that are due for hours',
      events: table('email_events', {
        parts: { due: { parts: 2, bytes: 10, since: new Date(NOW.getTime() - 7_200_000) } },
      }),
      reason: 'MoveLag',
    },
  ])('finds $why', ({ events, reason, statement }) => {
    const found = seeing(events, audit)
    expect(archive.verdict(found)).toMatchObject({ status: 'False', reason })
    const sent = statements(found)
    expect(sent).toHaveLength(statement ? 1 : 0)
    if (statement) expect(sent[0]).toMatch(statement)
  })

  it('tells of parts that came early, and is content', () => {
    const early = seeing(table('email_events', { parts: { early: 2 } }), audit)
    expect(archive.verdict(early)).toMatchObject({ status: 'True', reason: 'EarlyCold' })
  })

  it('never changes the rule of the audit log', () => {
    const days = table('audit_log', { ttl: " TTL event_date + toIntervalDay(30) TO DISK 's3'" })
    const other = seeing(table('email_events'), days)
    expect(archive.desired(other)).toEqual([])
    expect(archive.verdict(other)).toMatchObject({ status: 'True', reason: 'Archiving' })
  })

  it('says what an administrator has to do for an audit log that was made without a rule', () => {
    const old = table('audit_log', { storagePolicy: 'default', ttl: ' TTL event_date + toIntervalYear(7)' })
    const other = seeing(table('email_events'), old)
    expect(archive.desired(other)).toEqual([])
    const { status, reason, message } = archive.verdict(other)
    expect({ status, reason }).toEqual({ status: 'False', reason: 'AuditNotArchived' })
    expect(message).toContain("`audit_log` MODIFY SETTING storage_policy = 'archive_v1'; ALTER TABLE")
    expect(message).toContain(`MODIFY TTL event_date + toIntervalYear(7), ${RULE}`)
  })

  it('takes the reason of an error of the server', () => {
    const denied = withEvidence({
      reached: false,
      fault: { reason: 'AccessDenied', message: 'SHOW is missing' },
    })
    expect(archive.verdict(denied)).toMatchObject({ status: 'False', reason: 'AccessDenied' })
  })

  it('knows nothing from old evidence', () => {
    const old = withEvidence(
      { reached: true, disks: [], policies: [], tables: [] },
      new Date(NOW.getTime() - 100_000),
    )
    expect(archive.verdict(old)).toMatchObject({ status: 'Unknown', reason: 'NotObserved' })
  })
})

describe('archive-flowing', () => {
  const prove = (of: Snapshot) => archiveFlowing.prove(of)

  it('is proven by parts that are where they belong', () => {
    const cold = seeing(table('email_events', { parts: { cold: { parts: 4, bytes: 9, rows: 90 } } }), audit)
    expect(prove(cold)).toMatchObject({
      state: 'Proven',
      message: '4 parts on the archive disk, none is overdue',
    })
  })

  it.each<{ why: string; parts: object; state: string }>([
    {
      why: 'parts are overdue',
      parts: { due: { parts: 1, bytes: 1, since: new Date(NOW.getTime() - 7_200_000) } },
      state: 'Failing',
    },
    {
      why: 'parts came due just now',
      parts: { due: { parts: 1, bytes: 1, since: new Date(NOW.getTime() - 60_000) } },
      state: 'Unknown',
    },
    { why: 'parts do not know the rule', parts: { unaware: 1 }, state: 'Unknown' },
  ])('is $state when $why', ({ parts, state }) => {
    expect(prove(seeing(table('email_events', { parts }), audit)).state).toBe(state)
  })

  it('is not configured without an archive', () => {
    expect(prove(snapshot()).state).toBe('NotConfigured')
  })
})
