import { describe, expect, it } from 'vitest'
import type { BackupReport, JobReport, VerifyReport } from '../../../../crds/jobReports.ts'
import type { BackupEvidence } from '../../../../crds/schema/status.ts'
import type { CronJobManifest, JobManifest } from '../parts/manifests.ts'
import type { JobRun, Sender, Snapshot } from '../snapshot.ts'
import { backupFresh } from '../../checks/backupFresh.ts'
import { restoreVerified } from '../../checks/restoreVerified.ts'
import { allReferences, children, NOW, reference, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { report } from '../../reconcile/report.ts'
import { backup } from './backup.ts'
import { backupHistory } from './history.ts'
import { lastFire, longestPauseMs, scheduleFault } from './schedules.ts'

const HOUR_MS = 3_600_000
const at = (hoursAgo: number) => `${new Date(NOW.getTime() - hoursAgo * HOUR_MS).toISOString().slice(0, 19)}Z`

const BACKUP = {
  schedule: '0 2 * * *',
  destination: {
    namedCollection: 'backup_s3',
    s3: { endpoint: 'https://s3.example.com', bucket: 'mail', credentialsSecretRef: { name: 'bucket' } },
  },
  retention: {},
  verify: {},
}

function wanting(backup: object = BACKUP, more: Partial<Sender> = {}): Sender {
  const external = { url: 'https://clickhouse.mail.svc:8443', credentialsSecretRef: { name: 'clickhouse' } }
  return sender({ spec: { ...SPEC, clickhouse: { external, backup: { ...BACKUP, ...backup } } }, ...more })
}

const references = (...roles: readonly string[]) => {
  const keys = ['username', 'password', ...roles.flatMap((role) => [`${role}-username`, `${role}-password`])]
  return new Map([
    ...allReferences(),
    ['clickhouse', reference(...keys)],
    ['bucket', reference('accessKey', 'secretKey')],
  ])
}

const given = (who: Sender, more: Partial<Snapshot> = {}) =>
  snapshot({ sender: who, references: references(), ...more })

function cronJobs(of: Snapshot): CronJobManifest[] {
  return backup
    .desired(of)
    .flatMap((wish) =>
      wish.type === 'object' && wish.object.kind === 'CronJob' ? [wish.object as CronJobManifest] : [],
    )
}

const before = (hours: number) => new Date(NOW.getTime() - hours * HOUR_MS)

/** The CronJobs as they stand in the cluster, made so many hours ago. */
const standing = (who: Sender, hours = 100) => children(...cronJobs(given(who, { now: before(hours) })))

const made = (hoursAgo: number, more: Partial<BackupReport> = {}): BackupReport => ({
  job: 'backup',
  backup: `b-${hoursAgo}`,
  kind: 'full',
  cutoff: at(hoursAgo),
  completedAt: at(hoursAgo),
  sizeBytes: 1,
  rows: 10,
  partitions: 1,
  hash: '0123456789abcdef',
  ...more,
})

const verified = (hoursAgo: number, of: number, hash = '0123456789abcdef'): VerifyReport => ({
  job: 'verify',
  backup: `b-${of}`,
  completedAt: at(hoursAgo),
  rows: 10,
  partitions: 1,
  hash,
})

const run = (...reports: readonly JobReport[]): JobRun => ({
  name: 'j',
  component: reports[0]?.job ?? 'backup',
  state: 'complete',
  madeAt: NOW,
  endedAt: NOW,
  reports,
})

const failed = (hoursAgo: number, component: 'backup' | 'verify' | 'retention', error?: string): JobRun => ({
  name: 'orders-backup-1',
  component,
  state: 'failed',
  madeAt: NOW,
  endedAt: new Date(NOW.getTime() - hoursAgo * HOUR_MS),
  reports: error === undefined ? [] : [{ job: component, failedAt: at(hoursAgo), backup: 'b-3', error }],
})

describe('schedules', () => {
  it.each([
    { schedule: '0 2 * * *', zone: 'Etc/UTC', fault: false },
    { schedule: '0 2 * * *', zone: 'Mars/Olympus', fault: true },
    { schedule: '61 2 * * *', zone: 'Etc/UTC', fault: true },
    { schedule: '0 0 31 2 *', zone: 'Etc/UTC', fault: true },
    { schedule: '5/15 * * * *', zone: 'Etc/UTC', fault: false },
    { schedule: '0 2 * * 7', zone: 'Etc/UTC', fault: true },
    { schedule: '0 2 * * *', zone: 'europe/berlin', fault: true },
  ])('tells whether $schedule in $zone makes sense', ({ schedule, zone, fault }) => {
    expect(scheduleFault(schedule, zone) !== undefined).toBe(fault)
  })

  it('knows the last time that one fired, in its time zone', () => {
    expect(lastFire('0 2 * * *', 'Etc/UTC', NOW)).toEqual(new Date('2026-11-23T02:00:00Z'))
    expect(lastFire('0 2 * * *', 'America/New_York', NOW)).toEqual(new Date('2026-11-23T07:00:00Z'))
    expect(lastFire('0 12 * * *', 'Etc/UTC', NOW)).toEqual(NOW)
  })

  it('knows no time that clocks skip, and two of a time that they show twice', () => {
    const at = (now: string) => lastFire('30 2 * * *', 'Europe/Berlin', new Date(now))?.toISOString()
    expect(at('2026-03-29T12:00:00Z')).toBe('2026-03-28T01:30:00.000Z')
    expect(at('2026-10-25T01:00:00Z')).toBe('2026-10-25T00:30:00.000Z')
    expect(at('2026-10-25T12:00:00Z')).toBe('2026-10-25T01:30:00.000Z')
  })

  it.each([
    { why: 'a night is left out', schedules: ['0 2 * * *'], zone: 'Europe/Berlin', hours: 47 },
    { why: 'no clock is changed', schedules: ['0 2 * * *'], zone: 'Etc/UTC', hours: 24 },
    { why: 'the hour is not one that changes', schedules: ['0 4 * * *'], zone: 'Europe/Berlin', hours: 25 },
    {
      why: 'increments stop at night',
      schedules: ['0 2 * * *', '0 1,2 * * *'],
      zone: 'Europe/Berlin',
      hours: 23,
    },
    { why: 'it is for leap years', schedules: ['0 0 29 2 *'], zone: 'Etc/UTC', hours: 1_461 * 24 },
    { why: 'it is every hour', schedules: ['@hourly'], zone: 'Australia/Lord_Howe', hours: 1.5 },
  ])('knows the longest pause when $why', ({ schedules, zone, hours }) => {
    expect(longestPauseMs(schedules, zone, NOW) / HOUR_MS).toBe(hours)
  })

  it('knows the longest pause of several together', () => {
    expect(longestPauseMs(['0 2 * * *'], 'Etc/UTC', NOW)).toBe(24 * HOUR_MS)
    expect(longestPauseMs(['0 2 * * *', '*/10 * * * *'], 'Etc/UTC', NOW)).toBe(HOUR_MS / 6)
  })
})

describe('backup', () => {
  it('asks for nothing without a spec for it, and takes away what it made', () => {
    expect(backup.desired(snapshot())).toEqual([])
    expect(backup.verdict(snapshot())).toMatchObject({ status: 'True', reason: 'NotConfigured' })
    const left = snapshot({ children: standing(wanting()) })
    expect(backup.desired(left).map(({ type }) => type)).toEqual(['absent', 'absent', 'absent'])
  })

  it('makes one CronJob for each kind of run, that never runs beside itself', () => {
    const all = cronJobs(given(wanting({ incrementalSchedule: '*/10 * * * *', timeZone: 'Europe/Berlin' })))
    expect(all.map(({ metadata }) => metadata.name)).toEqual([
      'orders-backup-full',
      'orders-backup-incremental',
      'orders-backup-verify',
      'orders-backup-retention',
    ])
    for (const { spec } of all)
      expect(spec).toMatchObject({ timeZone: 'Europe/Berlin', concurrencyPolicy: 'Forbid' })
  })

  it('gives each run the credentials of its role, or the worker’s', () => {
    const keysOf = (of: Snapshot) => JSON.stringify(cronJobs(of)[0])
    expect(keysOf(given(wanting()))).toContain('"key":"username"')
    const own = keysOf(given(wanting(), { references: references('backup', 'checksum') }))
    expect(own).toContain('"key":"backup-username"')
    expect(own).toContain('"key":"checksum-password"')
    expect(own).not.toContain('"key":"username"')
  })

  const late = (who: Sender) => ({ runs: [run(made(40))], children: standing(who) })
  const reasonWith = (who: Sender, more: Partial<Snapshot>) =>
    backup.verdict(given(who, { ...late(who), ...more })).reason

  it.each([
    { what: 'the schedule', before: { schedule: '0 9 * * *' } },
    { what: 'the time zone', before: { timeZone: 'America/New_York' } },
  ])('misses no run that $what of an hour ago did not ask for', ({ before: older }) => {
    const who = wanting()
    expect(reasonWith(who, {})).toBe('BackupMissed')
    const earlier = children(...standing(wanting(older)).values())
    const edited = cronJobs(given(who, { now: before(1), children: earlier }))
    expect(reasonWith(who, { children: children(...edited) })).toBe('Scheduled')
  })

  it('misses a run whatever else was changed on the CronJob, by whomever', () => {
    const who = wanting()
    const touched = [...standing(who).values()].map((cronJob) => ({
      ...cronJob,
      metadata: {
        ...cronJob.metadata,
        labels: { ...cronJob.metadata.labels, theirs: 'daily' },
        managedFields: [
          { manager: 'm', operation: 'Apply' as const, apiVersion: 'batch/v1', fieldsV1: {}, time: at(1) },
        ],
      },
    }))
    expect(reasonWith(who, { children: children(...touched) })).toBe('BackupMissed')
    const resources = { limits: { memory: '1Gi' } }
    const edited = cronJobs(given(wanting({ resources }), { now: before(1), children: standing(who) }))
    expect(reasonWith(wanting({ resources }), { children: children(...edited) })).toBe('BackupMissed')
  })

  it('says of an edited schedule once since when it stands', () => {
    const who = wanting()
    const first = standing(who)
    expect(cronJobs(given(who, { children: first }))).toEqual([...first.values()])
  })

  it('owes no run of the time in which somebody had suspended the CronJob', () => {
    const who = wanting()
    const suspended = [...standing(who).values()].map((cronJob) => ({
      ...cronJob,
      spec: { ...(cronJob['spec'] as object), suspend: true },
    }))
    const resumed = cronJobs(given(who, { now: before(1), children: children(...suspended) }))
    expect(reasonWith(who, { children: children(...resumed) })).toBe('Scheduled')
  })

  it.each<{ why: string; more: Partial<JobRun>; reason: string }>([
    { why: 'is at work', more: {}, reason: 'Scheduled' },
    { why: 'has been at work for longer than it may', more: { madeAt: before(13) }, reason: 'BackupMissed' },
    { why: 'waits for its pod', more: { idleSince: before(0.05) }, reason: 'Scheduled' },
    { why: 'has had no pod for long', more: { idleSince: before(0.1) }, reason: 'NotStarted' },
    { why: 'is of another CronJob', more: { name: 'orders-backup-verify-29' }, reason: 'BackupMissed' },
  ])('says $reason of a run that $why', ({ more, reason }) => {
    const running: JobRun = {
      name: 'orders-backup-full-29',
      component: 'backup',
      state: 'running',
      madeAt: before(9),
      reports: [],
      ...more,
    }
    const who = wanting()
    expect(reasonWith(who, { runs: [...late(who).runs, running] })).toBe(reason)
  })

  it('tells of a run without a pod what the pod says, or where to look', () => {
    const who = wanting()
    const idle = (more: Partial<JobRun>): JobRun => ({
      name: 'orders-backup-full-29',
      component: 'backup',
      state: 'running',
      madeAt: before(1),
      idleSince: before(1),
      reports: [],
      ...more,
    })
    const told = (of: JobRun) =>
      backup.verdict(given(who, { runs: [run(made(0.9)), of], children: standing(who) })).message
    expect(told(idle({}))).toBe(
      'Job orders-backup-full-29 has had no pod since 2026-11-23T11:00:00Z: see its events',
    )
    expect(told(idle({ waits: 'ImagePullBackOff' }))).toBe(
      'the pod of Job orders-backup-full-29 has waited since 2026-11-23T11:00:00Z: ImagePullBackOff',
    )
  })

  it('misses nothing in a night whose hour does not exist', () => {
    const who = wanting({ timeZone: 'Europe/Berlin', schedule: '30 2 * * *' })
    const now = new Date('2026-03-29T12:00:00Z')
    const cutoff = '2026-03-28T01:40:00Z'
    const runs = [run(made(0, { cutoff, completedAt: cutoff }))]
    const there = children(...cronJobs(given(who, { now: new Date('2026-03-01T00:00:00Z') })))
    expect(backup.verdict(given(who, { now, runs, children: there }))).toMatchObject({ reason: 'Scheduled' })
  })

  it('shortens names of CronJobs only where they would be too long', () => {
    const names = (length: number) => {
      const who = wanting({ incrementalSchedule: '*/10 * * * *' }, { name: 'n'.repeat(length) })
      return cronJobs(given(who)).map(({ metadata }) => metadata.name.slice(length))
    }
    expect(names(33)).toContain('-backup-incremental')
    expect(names(35)).toEqual(['-backup-full', '-backup-incr', '-backup-verify', '-backup-retention'])
  })

  it('makes one Job for each new value of the annotation', () => {
    const jobs = (who: Sender) =>
      backup
        .desired(given(who))
        .flatMap((wish) => (wish.type === 'object' ? [wish.object] : []))
        .filter((object): object is JobManifest => object.kind === 'Job')
    expect(jobs(wanting())).toEqual([])
    const [job] = jobs(wanting({}, { backupRequestedAt: 'now' }))
    expect(job?.metadata.name).toMatch(/^orders-backup-[0-9a-z]{8}$/)
    expect(
      jobs(wanting({}, { backupRequestedAt: 'now', status: { lastHandledBackupRequest: 'now' } })),
    ).toEqual([])
  })

  it('leaves the Job of a request as it is when the spec is edited before the request is noted', () => {
    const asked = { backupRequestedAt: 'now' }
    const jobs = (of: Snapshot) =>
      backup
        .desired(of)
        .flatMap((wish) => (wish.type === 'object' && wish.object.kind === 'Job' ? [wish.object] : []))
    const [job] = jobs(given(wanting({}, asked)))
    if (!job) throw new Error('no Job is wanted')
    const edited = given(wanting({ resources: { limits: { cpu: '1' } } }, asked), { children: children(job) })
    expect(jobs(edited)).toEqual([])
    expect(
      report(edited, { stages: [], defects: [], verdicts: [], proofs: [] }, []).lastHandledBackupRequest,
    ).toBe('now')
  })

  it.each<{ why: string; who?: Sender; more?: Partial<Snapshot>; status: string; reason: string }>([
    {
      why: 'the CronJobs are new',
      more: { children: standing(wanting(), 0) },
      status: 'True',
      reason: 'Scheduled',
    },
    { why: 'the CronJobs are not there', more: {}, status: 'False', reason: 'Waiting' },
    {
      why: 'the time zone is none',
      who: wanting({ timeZone: 'Mars/Olympus' }),
      more: {},
      status: 'False',
      reason: 'ScheduleUnknown',
    },
    { why: 'last night’s was not made', status: 'False', reason: 'BackupMissed' },
    { why: 'last night’s was made', more: { runs: [run(made(9.9))] }, status: 'True', reason: 'Scheduled' },
    {
      why: 'the last one failed',
      more: { runs: [run(made(33)), failed(9, 'backup', 'Code: 499')] },
      status: 'False',
      reason: 'BackupFailed',
    },
    {
      why: 'one failed and another was made since',
      more: { runs: [failed(9.9, 'backup'), run(made(9))] },
      status: 'True',
      reason: 'Scheduled',
    },
    {
      why: 'old ones cannot be removed',
      more: { runs: [run(made(9)), failed(2, 'retention', 'AccessDenied')] },
      status: 'False',
      reason: 'RetentionFailed',
    },
  ])('is $status ($reason) when $why', ({ who = wanting(), more, status, reason }) => {
    const there = more && Object.keys(more).length === 0 ? {} : { children: standing(who) }
    expect(backup.verdict(given(who, { ...there, ...more }))).toMatchObject({ status, reason })
  })
})

describe('the history of backups', () => {
  const remembering = (known: BackupEvidence, ...runs: readonly JobRun[]) =>
    backupHistory({ sender: wanting({}, { status: { evidence: { backup: known } } }), runs })

  it('remembers what Jobs said that are gone', () => {
    const known = backupHistory({ sender: wanting(), runs: [run(made(5)), run(verified(4, 5))] })
    expect(known).toMatchObject({
      last: { name: 'b-5' },
      lastFull: { name: 'b-5' },
      verified: { name: 'b-5' },
    })
    expect(remembering(known)).toEqual(known)
    const later = remembering(known, run(made(1, { kind: 'incremental' })))
    expect(later).toMatchObject({ last: { name: 'b-1' }, lastFull: { name: 'b-5' } })
  })

  it('says so when a Job failed without a word', () => {
    expect(remembering({}, failed(1, 'backup')).failures?.[0]?.message).toMatch(/left no report/)
  })
})

describe('backup-fresh', () => {
  const prove = (who: Sender, ...runs: readonly JobRun[]) => backupFresh.prove(given(who, { runs }))
  const frequent = wanting({ incrementalSchedule: '*/10 * * * *' })

  it.each<{ why: string; runs: JobRun[]; state: string }>([
    { why: 'there is none', runs: [], state: 'Unknown' },
    { why: 'the newest is young', runs: [run(made(0.2))], state: 'Proven' },
    { why: 'the newest is too old', runs: [run(made(0.4))], state: 'Failing' },
  ])('is $state when $why', ({ runs, state }) => {
    expect(prove(frequent, ...runs).state).toBe(state)
  })

  it('tells a spec whose schedules cannot meet its objective', () => {
    expect(prove(wanting(), run(made(0.1)))).toMatchObject({
      state: 'Failing',
      message: expect.stringContaining('up to 1440 minutes') as string,
    })
  })
})

describe('restore-verified', () => {
  const prove = (...runs: readonly JobRun[]) => restoreVerified.prove(given(wanting(), { runs }))

  it.each<{ why: string; runs: JobRun[]; state: string; says: RegExp }>([
    { why: 'none was restored', runs: [run(made(9))], state: 'Unknown', says: /no backup/ },
    { why: 'one was equal', runs: [run(made(9)), run(verified(8, 9))], state: 'Proven', says: /10 rows/ },
    { why: 'none was for days', runs: [run(verified(49, 50))], state: 'Failing', says: /nothing was since/ },
    {
      why: 'one was not equal',
      runs: [run(verified(20, 21)), failed(1, 'verify', 'partition 202611 of email_events is missing')],
      state: 'Failing',
      says: /^b-3: partition 202611/,
    },
    {
      why: 'figures inside and outside the backup differ',
      runs: [run(made(9)), run(verified(8, 9, 'ffffffffffffffff'))],
      state: 'Failing',
      says: /was made of/,
    },
  ])('is $state when $why', ({ runs, state, says }) => {
    const proof = prove(...runs)
    expect(proof.state).toBe(state)
    expect(proof.message).toMatch(says)
  })
})
