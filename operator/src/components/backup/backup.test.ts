import { describe, expect, it } from 'vitest'
import type { JobReport } from '../../../../crds/jobReports.ts'
import { backupName, baseOf } from '../../../../crds/backupName.ts'
import type { BackupEvidence } from '../../../../crds/schema/clickhouseEvidence.ts'
import type { CronJobManifest, JobManifest } from '../parts/manifests.ts'
import type { JobRun, Sender, Snapshot } from '../snapshot.ts'
import type { BackupCheckSeen, BackupSeen } from './seen.ts'
import { backupFresh } from '../../checks/backupFresh.ts'
import { restoreVerified } from '../../checks/restoreVerified.ts'
import { allReferences, children, NOW, reference, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { report } from '../../reconcile/report.ts'
import { backup } from './backup.ts'
import { backupHistory } from './history.ts'
import { repairJob } from './onDemand.ts'
import { nextKept, shortfallOf } from './standing.ts'
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

const FIGURES = { rows: 10, partitions: 1, hash: '0123456789abcdef' }
const FULL = backupName(before(50), '00000000')

/** The name of the one that was begun so many hours ago. */
const fullOf = (hoursAgo: number) => backupName(before(hoursAgo), 'deadbeef')
const incrementOf = (hoursAgo: number, base: string) => backupName(before(hoursAgo), 'deadbeef', base)

const made = (hoursAgo: number, more: Partial<BackupSeen> = {}): BackupSeen => ({
  name: fullOf(hoursAgo),
  cutoff: before(hoursAgo),
  completedAt: before(hoursAgo),
  sizeBytes: 1,
  ...FIGURES,
  witnessed: true,
  ...more,
})

const checked = (hoursAgo: number, of: number, more: Partial<BackupCheckSeen> = {}): BackupCheckSeen => ({
  name: fullOf(of),
  checkedAt: before(hoursAgo),
  ...FIGURES,
  witnessed: true,
  ...more,
})

interface Look {
  readonly made?: readonly BackupSeen[]
  readonly checks?: readonly BackupCheckSeen[]
  /** What is not at the destination any more. */
  readonly gone?: readonly string[]
}

const newestFirst = <Entry>(entries: readonly Entry[], at: (entry: Entry) => Date) =>
  [...entries].sort((left, right) => at(right).getTime() - at(left).getTime())

/** What a look at the server and the destination shows. */
function seeing({ made: list = [], checks = [], gone = [] }: Look): Snapshot['evidence'] {
  const names = [...list, ...checks].flatMap(({ name }) => [name, baseOf(name) ?? name])
  const seen = {
    reached: true as const,
    made: newestFirst(list, ({ completedAt }) => completedAt),
    checks: newestFirst(checks, ({ checkedAt }) => checkedAt),
    stored: [...new Set([...names, FULL])].filter((name) => !gone.includes(name)).sort(),
  }
  return { ...snapshot().evidence, backups: { lookedAt: NOW, seen } }
}

const failed = (hoursAgo: number, component: 'backup' | 'verify' | 'retention', error?: string): JobRun => ({
  name: 'orders-backup-1',
  component,
  state: 'failed',
  madeAt: NOW,
  endedAt: new Date(NOW.getTime() - hoursAgo * HOUR_MS),
  reports:
    error === undefined
      ? []
      : ([{ job: component, failedAt: at(hoursAgo), backup: 'b-3', error }] satisfies JobReport[]),
})

describe('schedules', () => {
  it.each([
    { schedule: '0 2 * * *', zone: 'Etc/UTC', fault: false },
    { schedule: '0 2 * * *', zone: 'Mars/Olympus', fault: true },
    { schedule: '61 2 * * *', zone: 'Etc/UTC', fault: true },
    { schedule: '0 0 31 2 *', zone: 'Etc/UTC', fault: true },
    { schedule: '0 0 1 , *', zone: 'Etc/UTC', fault: true },
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

  it.each([
    { schedule: '0 2 1 * *', fired: '2026-11-01T02:00:00.000Z' },
    { schedule: '0 2 1 1 *', fired: '2026-01-01T02:00:00.000Z' },
    { schedule: '0 0 29 2 *', fired: '2024-02-29T00:00:00.000Z' },
  ])('knows the last time of $schedule, however long ago it was', ({ schedule, fired }) => {
    expect(lastFire(schedule, 'Etc/UTC', NOW)?.toISOString()).toBe(fired)
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
    {
      why: 'it is every few minutes, and never at weekends',
      schedules: ['*/2 8-17 * * 1-5'],
      zone: 'Etc/UTC',
      hours: 3_722 / 60,
    },
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

  const late = (who: Sender) => ({ evidence: seeing({ made: [made(40)] }), children: standing(who) })
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
    expect(reasonWith(who, { runs: [running] })).toBe(reason)
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
      backup.verdict(
        given(who, { evidence: seeing({ made: [made(0.9)] }), runs: [of], children: standing(who) }),
      ).message
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
    const cutoff = new Date('2026-03-28T01:40:00Z')
    const evidence = seeing({ made: [made(0, { cutoff, completedAt: cutoff })] })
    const there = children(...cronJobs(given(who, { now: new Date('2026-03-01T00:00:00Z') })))
    expect(backup.verdict(given(who, { now, evidence, children: there }))).toMatchObject({
      reason: 'Scheduled',
    })
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
    const [job] = jobs(wanting({}, { requests: { backup: 'now' } }))
    expect(job?.metadata.name).toMatch(/^orders-backup-[0-9a-z]{8}$/)
    expect(
      jobs(wanting({}, { requests: { backup: 'now' }, status: { lastHandledBackupRequest: 'now' } })),
    ).toEqual([])
  })

  it('leaves the Job of a request as it is when the spec is edited before the request is noted', () => {
    const asked = { requests: { backup: 'now' } }
    const jobs = (of: Snapshot) =>
      backup
        .desired(of)
        .flatMap((wish) => (wish.type === 'object' && wish.object.kind === 'Job' ? [wish.object] : []))
    const [job] = jobs(given(wanting({}, asked)))
    if (!job) throw new Error('no Job is wanted')
    const edited = given(wanting({ resources: { limits: { cpu: '1' } } }, asked), { children: children(job) })
    expect(jobs(edited)).toEqual([])
    expect(
      report(edited, { stages: [], defects: [], verdicts: [], proofs: [] }, [], []).lastHandledBackupRequest,
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
    {
      why: 'last night’s was made',
      more: { evidence: seeing({ made: [made(9.9)] }) },
      status: 'True',
      reason: 'Scheduled',
    },
    {
      why: 'the last one failed',
      more: { evidence: seeing({ made: [made(33)] }), runs: [failed(9, 'backup', 'Code: 499')] },
      status: 'False',
      reason: 'BackupFailed',
    },
    {
      why: 'one failed and another was made since',
      more: { evidence: seeing({ made: [made(9)] }), runs: [failed(9.9, 'backup')] },
      status: 'True',
      reason: 'Scheduled',
    },
    {
      why: 'old ones cannot be removed',
      more: { evidence: seeing({ made: [made(9)] }), runs: [failed(2, 'retention', 'AccessDenied')] },
      status: 'False',
      reason: 'RetentionFailed',
    },
    {
      why: 'old ones could not be removed, and are not to be any more',
      who: wanting({ retention: undefined }),
      more: { evidence: seeing({ made: [made(9)] }), runs: [failed(2, 'retention', 'AccessDenied')] },
      status: 'True',
      reason: 'Scheduled',
    },
  ])('is $status ($reason) when $why', ({ who = wanting(), more, status, reason }) => {
    const there = more && Object.keys(more).length === 0 ? {} : { children: standing(who) }
    expect(backup.verdict(given(who, { ...there, ...more }))).toMatchObject({ status, reason })
  })
})

const remembering = (known: BackupEvidence) => wanting({}, { status: { evidence: { backup: known } } })

describe('the history of backups', () => {
  const history = (known: BackupEvidence, more: Partial<Snapshot>) =>
    backupHistory(given(remembering(known), more))
  const known = history({}, { evidence: seeing({ made: [made(5)], checks: [checked(4, 5)] }) })

  it('remembers what was seen until there is another look', () => {
    const name = fullOf(5)
    expect(known).toMatchObject({ last: { name }, lastFull: { name }, verified: { name } })
    expect(history(known, {})).toEqual(known)
    const increment = incrementOf(1, fullOf(5))
    const later = history(known, { evidence: seeing({ made: [made(1, { name: increment })] }) })
    expect(later).toMatchObject({ last: { name: increment }, lastFull: { name } })
  })

  it('forgets what is not at the destination any more', () => {
    const emptied = history(known, { evidence: seeing({ made: [made(5)], gone: [fullOf(5)] }) })
    expect(emptied.last).toBeUndefined()
  })

  it('counts no increment whose base is gone', () => {
    const increment = made(1, { name: incrementOf(1, fullOf(5)) })
    const seen = seeing({ made: [increment, made(5), made(9)], gone: [fullOf(5)] })
    expect(history({}, { evidence: seen }).last?.name).toBe(fullOf(9))
  })

  it('takes the newest backup for the one that was verified, however lately an older one was', () => {
    const checks = [checked(1, 50), checked(4, 5)]
    expect(history({}, { evidence: seeing({ made: [made(5)], checks }) }).verified?.name).toBe(fullOf(5))
    const failed = [checked(1, 5, { error: 'bad checksum' }), checked(4, 9)]
    expect(history({}, { evidence: seeing({ checks: failed }) }).verified?.name).toBe(fullOf(9))
  })

  it('goes on with what is kept and for what a repair was begun', () => {
    const before = { kept: { name: FULL, rows: 9 }, repaired: FULL }
    expect(history(before, { evidence: seeing({}) })).toEqual(before)
  })

  it.each<{ why: string; look: Look }>([
    {
      why: 'has no record of',
      look: { made: [made(1, { witnessed: false })], checks: [checked(0.5, 1, { witnessed: false })] },
    },
    {
      why: 'has listed once more as new',
      look: { made: [made(0.1, { name: fullOf(90) })], checks: [] },
    },
    { why: 'will make tomorrow', look: { made: [made(-24)], checks: [checked(-23, -24)] } },
    {
      why: 'lists by another name',
      look: { made: [made(1, { name: 'forged' })], checks: [checked(1, 2, { name: 'forged' })] },
    },
  ])('believes no backup that the server $why', ({ look }) => {
    expect(history({}, { evidence: seeing(look) })).not.toMatchObject({ last: expect.anything() as unknown })
    expect(history({}, { evidence: seeing(look) }).verified).toBeUndefined()
  })

  it('does not remember an instant that has not come', () => {
    const at2099 = { completedAt: '2099-01-01T00:00:00Z', cutoff: '2099-01-01T00:00:00Z' }
    const forged = { name: FULL, kind: 'full' as const, sizeBytes: 1, ...FIGURES, ...at2099 }
    expect(history({ last: forged, lastFull: forged, verified: { ...FIGURES, ...forged } }, {})).toEqual({})
  })

  it('takes no Job at its word, and says so', () => {
    const report = {
      job: 'backup',
      backup: fullOf(1),
      kind: 'full',
      cutoff: at(1),
      completedAt: at(1),
      sizeBytes: 1,
      ...FIGURES,
    } as const
    const verify = { job: 'verify', backup: fullOf(5), completedAt: at(0.5), ...FIGURES } as const
    const ended = { state: 'complete', madeAt: before(1), endedAt: before(0.1) } as const
    const runs: JobRun[] = [
      { name: 'forged-a', component: 'backup', ...ended, reports: [report] },
      { name: 'forged-b', component: 'verify', ...ended, reports: [verify] },
    ]
    const told = history({}, { evidence: seeing({ made: [made(5)], checks: [checked(4, 5)] }), runs })
    expect(told.last?.name).toBe(fullOf(5))
    expect(told.verified?.completedAt).toBe(at(4))
    expect(told.refused?.map(({ what }) => what)).toEqual(['Job forged-b', 'Job forged-a'])
  })

  it('says so when a Job failed without a word', () => {
    expect(history({}, { runs: [failed(1, 'backup')] }).failures?.[0]?.message).toMatch(/left no report/)
  })

  it('has room for whatever a Job says of its failure', () => {
    const runs = [failed(1, 'verify', 'x'.repeat(1_000))].map((run) => ({
      ...run,
      reports: run.reports.map((report) => ({ ...report, backup: 'b'.repeat(200) })),
    }))
    expect(history({}, { runs }).failures?.[0]?.message).toHaveLength(1_024)
  })
})

describe('backup-fresh', () => {
  const prove = (who: Sender, look: Look) => backupFresh.prove(given(who, { evidence: seeing(look) }))
  const frequent = wanting({ incrementalSchedule: '*/10 * * * *' })

  it.each<{ why: string; look: Look; state: string; says?: RegExp }>([
    { why: 'there is none', look: {}, state: 'Unknown' },
    { why: 'the newest is young', look: { made: [made(0.2)] }, state: 'Proven' },
    { why: 'the newest is too old', look: { made: [made(0.4)] }, state: 'Failing' },
    {
      why: 'the newest is gone from the destination',
      look: { made: [made(0.2)], gone: [fullOf(0.2)] },
      state: 'Failing',
      says: /not at the destination/,
    },
    {
      why: 'what the newest builds on is gone',
      look: { made: [made(0.1, { name: incrementOf(0.1, fullOf(0.2)) }), made(0.2)], gone: [fullOf(0.2)] },
      state: 'Failing',
      says: /another full backup is made/,
    },
    {
      why: 'what the newest builds on cannot be restored',
      look: {
        made: [made(0.1, { name: incrementOf(0.1, fullOf(9)) }), made(9)],
        checks: [checked(1, 9, { error: 'bad checksum' })],
      },
      state: 'Failing',
      says: /bad checksum/,
    },
  ])('is $state when $why', ({ look, state, says = /./ }) => {
    expect(prove(frequent, look)).toMatchObject({ state, message: expect.stringMatching(says) as string })
  })

  it('says that all of them are gone', () => {
    const { last } = backupHistory(given(wanting(), { evidence: seeing({ made: [made(0.2)] }) }))
    const who = wanting(
      { incrementalSchedule: '*/10 * * * *' },
      { status: { evidence: { backup: { last: last ?? expect.fail() } } } },
    )
    expect(prove(who, {})).toMatchObject({
      state: 'Failing',
      message: 'no backup is at the destination any more',
    })
  })

  it('does not promise another one that failed, too', () => {
    const look = { made: [made(0.2)], gone: [fullOf(0.2)] }
    const seen = given(frequent, { evidence: seeing(look) })
    const { name } = repairJob(seen) ?? expect.fail()
    const runs = [{ ...failed(0.1, 'backup'), name }]
    expect(backupFresh.prove({ ...seen, runs }).message).toContain(
      `the full backup that was to take its place failed (Job ${name}), the next one comes with the schedule`,
    )
  })

  it('tells a spec whose schedules cannot meet its objective', () => {
    expect(prove(wanting(), { made: [made(0.1)] })).toMatchObject({
      state: 'Failing',
      message: expect.stringContaining('up to 1440 minutes') as string,
    })
  })
})

describe('restore-verified', () => {
  const prove = (look: Look, ...runs: readonly JobRun[]) =>
    restoreVerified.prove(given(wanting(), { evidence: seeing(look), runs }))

  it.each<{ why: string; look: Look; runs?: JobRun[]; state: string; says: RegExp }>([
    { why: 'none was restored', look: { made: [made(9)] }, state: 'Unknown', says: /no backup/ },
    {
      why: 'one was equal',
      look: { made: [made(9)], checks: [checked(8, 9)] },
      state: 'Proven',
      says: /10 rows/,
    },
    {
      why: 'none was for days',
      look: { made: [made(50)], checks: [checked(49, 50)] },
      state: 'Failing',
      says: /nothing was since/,
    },
    {
      why: 'the Job failed',
      look: { made: [made(21)], checks: [checked(20, 21)] },
      runs: [failed(1, 'verify', 'partition 202611 of email_events is missing')],
      state: 'Failing',
      says: /^b-3: partition 202611/,
    },
    {
      why: 'an older one that is kept cannot be restored',
      look: { made: [made(9), made(33)], checks: [checked(8, 9), checked(8, 33, { error: 'bad checksum' })] },
      state: 'Failing',
      says: /bad checksum.*gone from the destination/,
    },
    {
      why: 'an older one could not be and is gone',
      look: {
        made: [made(9)],
        checks: [checked(8, 9), checked(8, 33, { error: 'bad checksum' })],
        gone: [fullOf(33)],
      },
      state: 'Proven',
      says: /10 rows/,
    },
    {
      why: 'nothing is left to restore',
      look: { made: [made(9)], checks: [checked(8, 9)], gone: [fullOf(9)] },
      state: 'Failing',
      says: /no backup is at the destination/,
    },
    {
      why: 'figures inside and outside the backup differ',
      look: { made: [made(9)], checks: [checked(8, 9, { hash: 'ffffffffffffffff' })] },
      state: 'Failing',
      says: /was made of/,
    },
  ])('is $state when $why', ({ look, runs = [], state, says }) => {
    const proof = prove(look, ...runs)
    expect(proof.message).toMatch(says)
    expect(proof.state).toBe(state)
  })

  it('proves nothing by the restore of fewer rows than there were', () => {
    const who = remembering({ kept: { name: FULL, rows: 3_000 } })
    const evidence = seeing({ made: [made(9)], checks: [checked(8, 9)] })
    expect(restoreVerified.prove(given(who, { evidence }))).toMatchObject({
      state: 'Failing',
      message: expect.stringMatching(/with 10 rows, but .* has 3000/) as string,
    })
  })

  it('is proven by the restore of a backup from before the one that has more', () => {
    const who = remembering({ kept: { name: fullOf(2), rows: 3_000 } })
    const evidence = seeing({ made: [made(2, { rows: 3_000 }), made(9)], checks: [checked(8, 9)] })
    expect(restoreVerified.prove(given(who, { evidence })).state).toBe('Proven')
  })
})

describe('a full backup with fewer rows than the one that is kept', () => {
  const kept = { name: FULL, rows: 3_000 }
  const look = { made: [made(9)], checks: [checked(8, 9)] }
  const seen = given(remembering({ kept }), { evidence: seeing(look) })
  const { token } = shortfallOf(seen) ?? expect.fail()
  const accepting = (acceptedLoss: string) => ({ ...seen, sender: { ...seen.sender, acceptedLoss } })

  it('takes its place when a person accepts that, and no other word does', () => {
    expect(restoreVerified.prove(seen).message).toMatch(new RegExp(`acceptDataLoss=${token}$`))
    expect(nextKept(seen)).toEqual(kept)
    expect(nextKept(accepting('another'))).toEqual(kept)
    expect(nextKept(accepting(token))).toEqual({ name: fullOf(9), rows: 10 })
  })

  it('is no shortfall when it has as many to three digits', () => {
    const enough = given(remembering({ kept: { name: FULL, rows: 10 } }), { evidence: seeing(look) })
    expect(shortfallOf(enough)).toBeUndefined()
  })
})

describe('what was found wrong with backups', () => {
  const name = fullOf(9)
  const failing = (check: 'backup-fresh' | 'restore-verified') => ({
    name: check,
    state: 'Failing' as const,
    message: `${name} is not at the destination any more`,
    since: at(1),
  })
  const refused = [{ what: 'Job forged', message: 'it reports what is not so' }]
  const who = (seen: BackupEvidence = {}) =>
    wanting(
      { incrementalSchedule: '*/10 * * * *' },
      {
        status: {
          checks: [failing('backup-fresh'), failing('restore-verified')],
          evidence: { backup: { ...seen, refused } },
        },
      },
    )
  const known = backupHistory(
    given(wanting(), { evidence: seeing({ made: [made(0.1)], checks: [checked(0.05, 0.1)] }) }),
  )
  const away = {
    backups: {
      lookedAt: NOW,
      seen: { reached: false as const, fault: { reason: 'Unreachable' as const, message: 'away' } },
    },
  }
  const unseen = [
    { why: 'after a start', evidence: {} },
    { why: 'while ClickHouse is away', evidence: away },
  ]

  it.each(unseen)('stands $why', ({ evidence }) => {
    const of = given(who(known), { evidence })
    expect(backupFresh.prove(of)).toMatchObject({ state: 'Failing' })
    expect(restoreVerified.prove(of)).toMatchObject({ state: 'Failing' })
    expect(backupHistory(of).refused).toEqual(refused)
  })

  it.each(unseen)('keeps retention from removing anything $why', ({ evidence }) => {
    const suspended = [...standing(wanting()).values()].map((cronJob) => ({
      ...cronJob,
      spec: { ...(cronJob['spec'] as object), suspend: cronJob.metadata.name.endsWith('retention') },
    }))
    const held = (more: Snapshot['evidence']) =>
      cronJobs(given(who(known), { evidence: more, children: children(...suspended) })).find(({ metadata }) =>
        metadata.name.endsWith('retention'),
      )?.spec.suspend
    expect(held(evidence)).toBe(true)
    expect(held(seeing({ made: [made(0.1)] }))).toBe(false)
  })

  it('is over when a look shows so', () => {
    const evidence = seeing({ made: [made(0.1)], checks: [checked(0.05, 0.1)] })
    expect(backupFresh.prove(given(who(known), { evidence })).state).toBe('Proven')
    expect(restoreVerified.prove(given(who(known), { evidence })).state).toBe('Proven')
  })
})
