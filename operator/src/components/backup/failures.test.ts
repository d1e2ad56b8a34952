import { describe, expect, it } from 'vitest'
import type { BackupEvidence } from '../../../../crds/schema/clickhouseEvidence.ts'
import type { JobReport } from '../../../../crds/jobReports.ts'
import type { JobRun } from '../snapshot.ts'
import { FULL } from '../../testing/fullSpec.ts'
import { NOW, sender } from '../../testing/snapshots.ts'
import { instantOf } from '../parts/instants.ts'
import { openFailures } from './failures.ts'

type Job = 'backup' | 'verify' | 'retention'

const S3 = { endpoint: 'https://s3.example.com', bucket: 'mail', credentialsSecretRef: { name: 'bucket' } }
const WISH = { destination: { namedCollection: 'backup_s3', s3: S3 }, verify: {}, retention: {} }
const asking = (backup: object) => ({ ...FULL, clickhouse: { ...FULL.clickhouse, backup } }) as typeof FULL

const ago = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000)
const at = (hours: number) => instantOf(ago(hours))

const failure = (job: Job, hours: number, error: string): JobReport => {
  return { job, failedAt: at(hours), backup: 'b-1', error }
}
const removed = (hours: number): JobReport => {
  return { job: 'retention', completedAt: at(hours), kept: 1, removed: 1, leftovers: 0 }
}
const run = (
  component: Job,
  hours: number,
  reports: readonly JobReport[],
  more: Partial<JobRun> = {},
): JobRun => ({
  name: 'a-job',
  component,
  state: 'failed',
  madeAt: ago(hours + 1),
  endedAt: ago(hours),
  reports: [...reports],
  ...more,
})

function open(
  runs: readonly JobRun[],
  known: BackupEvidence['failures'] = [],
  succeeded: Partial<Record<'backup' | 'verify', { readonly completedAt: string }>> = {},
) {
  const who = sender({ spec: asking(WISH), status: { evidence: { backup: { failures: known } } } })
  const told = openFailures({ sender: who, runs }, { backup: undefined, verify: undefined, ...succeeded })
  return told.map(({ job, failedAt, message }) => [job, failedAt, message])
}

describe('a Job that failed', () => {
  it('is told by the last that it said, and the backup that this is about', () => {
    const reports = [failure('verify', 2.5, 'first'), failure('verify', 2, 'last')]
    expect(open([run('verify', 2, reports)])).toEqual([['verify', at(2), 'b-1: last']])
  })

  it('is told while it is the last of its kind, beside those of other kinds', () => {
    const runs = [
      run('verify', 3, [failure('verify', 3, 'older')]),
      run('verify', 2, [failure('verify', 2, 'newer')]),
      run('backup', 4, []),
    ]
    expect(open(runs)).toEqual([
      ['backup', at(4), 'Job a-job failed and left no report: see its pods and events'],
      ['verify', at(2), 'b-1: newer'],
    ])
    expect(open([...runs].reverse())).toEqual(open(runs))
  })

  it('is remembered when it is gone', () => {
    const known = [{ job: 'backup' as const, failedAt: at(9), message: 'x' }]
    expect(open([], known)).toEqual([['backup', at(9), 'x']])
  })

  it.each(['backup', 'verify'] as const)('is over when a %s succeeds after it, and not before', (job) => {
    const runs = [run(job, 2, [failure(job, 2, 'x')])]
    expect(open(runs, [], { [job]: { completedAt: at(1) } })).toEqual([])
    expect(open(runs, [], { [job]: { completedAt: at(3) } })).toHaveLength(1)
  })

  it('is over for retention with the last removal that succeeded', () => {
    const runs = [run('retention', 2, [failure('retention', 2, 'x')])]
    const success = (hours: number) => run('retention', hours, [removed(hours)], { state: 'complete' })
    expect(open([...runs, success(1), success(3)])).toEqual([])
    expect(open([...runs, success(3)])).toHaveLength(1)
    expect(open([...runs, run('retention', 1, [failure('retention', 1, 'y')])])).toHaveLength(1)
  })

  it('has given up: an attempt that failed before one that did not is none', () => {
    const more = { state: 'complete' } as const
    expect(open([run('backup', 2, [failure('backup', 2, 'x')], more)])).toEqual([])
  })

  it.each(['verify', 'retention'] as const)('is none of %s when the spec does not ask for it', (job) => {
    const who = sender({ spec: asking({ ...WISH, [job]: undefined }) })
    const runs = [run(job, 2, [failure(job, 2, 'x')])]
    expect(openFailures({ sender: who, runs }, { backup: undefined, verify: undefined })).toEqual([])
  })
})
