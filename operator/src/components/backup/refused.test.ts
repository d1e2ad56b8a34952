import { describe, expect, it } from 'vitest'
import type { JobReport } from '../../../../crds/jobReports.ts'
import type { BackupReport } from '../../../../crds/jobs/backup.ts'
import type { JobRun } from '../snapshot.ts'
import type { BackupCheckSeen, BackupSeen } from './seen.ts'
import { backupName } from '../../../../crds/backupName.ts'
import { NOW } from '../../testing/snapshots.ts'
import { instantOf } from '../parts/instants.ts'
import { refusedReports } from './refused.ts'

const MINUTE_MS = 60_000
/** So many minutes ago. */
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * MINUTE_MS)
const nameOf = (minutes: number) => backupName(ago(minutes), '00000001')
const incrementOf = (minutes: number) => backupName(ago(minutes), '00000002', nameOf(60))
const FIGURES = { rows: 10, partitions: 1, hash: '0123456789abcdef' }

const made = (minutes: number, more: Partial<BackupSeen> = {}): BackupSeen => ({
  name: nameOf(minutes),
  cutoff: ago(minutes),
  completedAt: ago(minutes),
  sizeBytes: 1,
  ...FIGURES,
  witnessed: true,
  ...more,
})
const checked = (minutes: number, of: number, more: Partial<BackupCheckSeen> = {}): BackupCheckSeen => {
  return { name: nameOf(of), checkedAt: ago(minutes), ...FIGURES, witnessed: true, ...more }
}

const backupReport = (minutes: number, of = minutes): BackupReport => ({
  job: 'backup',
  backup: nameOf(of),
  kind: 'full',
  cutoff: instantOf(ago(of)),
  completedAt: instantOf(ago(minutes)),
  sizeBytes: 1,
  ...FIGURES,
})
const verifyReport = (minutes: number, of: number): JobReport => {
  return { job: 'verify', backup: nameOf(of), completedAt: instantOf(ago(minutes)), ...FIGURES }
}
const run = (report: JobReport, more: Partial<JobRun> = {}): JobRun => ({
  name: 'a-job',
  component: 'backup',
  state: 'complete',
  madeAt: ago(90),
  endedAt: ago(5),
  reports: [report],
  ...more,
})

interface Look {
  readonly made?: readonly BackupSeen[]
  readonly checks?: readonly BackupCheckSeen[]
}

/** @param look newest first, a minute ago */
function refused(runs: readonly JobRun[], { made: list = [], checks = [] }: Look) {
  const seen = { reached: true, made: list, checks, stored: [] } as const
  return refusedReports({ runs, evidence: { backups: { lookedAt: ago(1), seen } }, now: NOW }, seen)
}

describe('a backup on the list is refused', () => {
  it.each<{ why: string; more: Partial<BackupSeen>; says: string }>([
    {
      why: 'was made tomorrow',
      more: { completedAt: ago(-1_440) },
      says: 'it is listed as made at a time that has not come',
    },
    {
      why: 'has rows of tomorrow',
      more: { cutoff: ago(-1_440) },
      says: 'it is listed as made at a time that has not come',
    },
    {
      why: 'has rows from after it was begun',
      more: { cutoff: ago(20) },
      says: 'it is listed with rows from after it was begun',
    },
    {
      why: 'was not made by the server',
      more: { witnessed: false },
      says: 'it is listed, but the server has no record of making it',
    },
  ])('that $why', ({ more, says }) => {
    expect(refused([], { made: [made(30, more)] })).toEqual([{ what: `backup ${nameOf(30)}`, message: says }])
  })

  it('unless it is what it says, with clocks that differ a little', () => {
    expect(refused([], { made: [made(0, { completedAt: ago(-0.9) }), made(30)] })).toEqual([])
  })

  it('by a name of bounded length', () => {
    const [told] = refused([], { made: [made(30, { name: 'x'.repeat(300), witnessed: false })] })
    expect(told?.what).toBe(`backup ${'x'.repeat(200)}`)
  })
})

describe('the report of a Job', () => {
  const look: Look = { made: [made(30), made(60)], checks: [checked(20, 30), checked(50, 60)] }

  it.each<{ why: string; of: JobRun; seen?: Look }>([
    { why: 'a backup that was made', of: run(backupReport(30)) },
    { why: 'one that was restored', of: run(verifyReport(20, 30)) },
    { why: 'a restore that the server notes a moment before', of: run(verifyReport(19.1, 30)) },
    { why: 'a backup from before all on the list', of: run(backupReport(70)) },
    {
      why: 'the third last increment, of which a full one took the place on the list',
      of: run({ ...backupReport(30), backup: incrementOf(30), kind: 'incremental' }),
      seen: { made: [made(5), ...[10, 20].map((at) => made(at, { name: incrementOf(at) })), made(60)] },
    },
    { why: 'a restore from before all that are known', of: run(verifyReport(55, 90)) },
    { why: 'its own failure', of: run({ job: 'backup', failedAt: instantOf(ago(5)), error: 'x' }) },
    {
      why: 'what retention removed',
      of: run({ job: 'retention', completedAt: instantOf(ago(5)), kept: 1, removed: 1, leftovers: 0 }),
    },
    { why: 'what may have happened since the look', of: run(backupReport(1), { endedAt: ago(0.5) }) },
    { why: 'something, and failed', of: run(backupReport(10), { state: 'failed' }) },
  ])('is believed of $why', ({ of, seen = look }) => {
    expect(refused([of], seen)).toEqual([])
  })

  const noRecord = (what: string) => `it reports ${what}, of which the server has no record`
  const noBackup = (minutes: number) =>
    noRecord(`the backup ${nameOf(minutes)} of ${instantOf(ago(minutes))}`)
  const noRestore = (minutes: number, of: number) =>
    noRecord(`that ${nameOf(of)} was restored at ${instantOf(ago(minutes))}`)

  it.each<{ why: string; of: JobRun; seen?: Look; says: string }>([
    { why: 'a backup that is not on the list', of: run(backupReport(10)), says: noBackup(10) },
    {
      why: 'an increment that is not on the list, and later than one that is',
      of: run({ ...backupReport(20), backup: incrementOf(20), kind: 'incremental' }),
      seen: { made: [made(10, { name: incrementOf(10) }), made(30, { name: incrementOf(30) }), made(60)] },
      says: noRecord(`the backup ${incrementOf(20)} of ${instantOf(ago(20))}`),
    },
    { why: 'a restore of what was not restored', of: run(verifyReport(10, 61)), says: noRestore(10, 61) },
    {
      why: 'a restore from after the one that is known',
      of: run(verifyReport(10, 30)),
      says: noRestore(10, 30),
    },
    {
      why: 'a restore that the server did not carry out',
      of: run(verifyReport(20, 30)),
      seen: { checks: [checked(20, 30, { witnessed: false }), checked(50, 60)] },
      says: noRestore(20, 30),
    },
  ])('is refused of $why', ({ of, seen = look, says }) => {
    expect(refused([of], seen)).toEqual([{ what: 'Job a-job', message: says }])
  })

  it('is refused of a backup that only a list without witness has', () => {
    const seen = { made: [made(30, { witnessed: false }), made(60)] }
    expect(refused([run(backupReport(30))], seen).map(({ what }) => what)).toEqual([
      `backup ${nameOf(30)}`,
      'Job a-job',
    ])
  })
})

it('three are told, those of the list first and the last names of Jobs after them', () => {
  const runs = ['c', 'a', 'd', 'b'].map((name) => run(backupReport(10), { name }))
  const told = refused(runs, { made: [made(30, { witnessed: false }), made(60)] })
  expect(told.map(({ what }) => what)).toEqual([`backup ${nameOf(30)}`, 'Job d', 'Job c'])
})

it('nothing is refused while nobody has looked', () => {
  const away = { reached: false, fault: { reason: 'Unreachable', message: 'away' } } as const
  const given = { runs: [run(backupReport(10))], evidence: {}, now: NOW }
  expect(refusedReports(given, undefined)).toEqual([])
  expect(refusedReports(given, away)).toEqual([])
})
