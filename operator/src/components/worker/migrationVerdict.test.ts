import { describe, expect, it } from 'vitest'
import type { MigrationFault } from '../../../../crds/migrationFault.ts'
import type { Migration } from './migration.ts'
import { children, reference, snapshot, allReferences } from '../../testing/snapshots.ts'
import { projectPod, lastWordsOf } from '../../adapters/jobRuns.ts'
import { migrationSteps } from './migration.ts'
import { migrationObserved, migrationVerdict } from './migrationVerdict.ts'

const fault = (kind: MigrationFault['kind'], error = 'words'): MigrationFault => ({
  job: 'migration',
  kind,
  error,
})
const running = (failures: number, said?: MigrationFault): Migration => ({
  state: 'running',
  failures,
  ...(said && { fault: said }),
})
const told = (migration: Migration, counts = true) =>
  migrationVerdict(
    { migration, credentials: 'Secret postgres (url)', hint: '; a hint', migrationTrouble: '' },
    counts,
  )

describe('a migration that is not done', () => {
  it('is told of refused credentials at its first failure, whoever still serves', () => {
    expect(told(running(1, fault('credentials')), false)).toEqual({
      status: 'False',
      reason: 'CredentialsRefused',
      message: 'PostgreSQL refuses the credentials of Secret postgres (url): words',
    })
    expect(
      told({ state: 'failed', message: 'm', retryInMs: 5_000, fault: fault('credentials') }),
    ).toMatchObject({ reason: 'CredentialsRefused', lookAgainMs: 5_000 })
  })

  it('is no matter of its own for anything else while others serve', () => {
    expect(told(running(1, fault('refused')), false)).toBeUndefined()
    expect(told({ state: 'done' })).toBeUndefined()
  })

  it.each([
    [running(1, fault('refused', 'no such schema')), 'the database cannot be migrated: no such schema'],
    [
      running(1, fault('failed', 'ECONNREFUSED')),
      'the database is being migrated, after 1 try that failed: see the logs of its pods; a hint',
    ],
    [running(0), 'the database is being migrated'],
    [
      { state: 'failed', message: 'm', retryInMs: 1, fault: fault('refused', 'no right') },
      'the database migration failed: no right',
    ],
    [{ state: 'failed', message: 'm', retryInMs: 1 }, 'the database migration failed: m; a hint'],
  ] as const)('is told in the words of the database where it had any: %#', (migration, message) => {
    expect(told(migration)?.message).toBe(message)
  })

  it('has failed when it gave up, whatever it said', () => {
    const gaveUp = { state: 'failed', message: 'm', retryInMs: 5_000 } as const
    expect(told(gaveUp)).toMatchObject({ status: 'False', reason: 'MigrationFailed', lookAgainMs: 5_000 })
    expect(told({ ...gaveUp, fault: fault('refused') })?.reason).toBe('MigrationFailed')
  })

  it('is told in one sentence, however long the words are', () => {
    const long = fault('credentials', `${'x'.repeat(399)}\n`)
    expect(told(running(1, long))?.message.length).toBeLessThan(340)
  })

  it('is judged by the last words of its own Job alone, and names the key that it used', () => {
    const references = allReferences().set('postgres', reference('url', 'directUrl'))
    const wish = migrationSteps(snapshot({ references })).find((one) => one.type === 'object')
    if (wish?.type !== 'object') throw new Error('no Job is wanted')
    const given = (job: string) =>
      migrationObserved(
        snapshot({
          references,
          children: children({ ...wish.object, status: { failed: 1 } }),
          troubles: [{ component: 'migration', text: 'x', lastWords: { job, fault: fault('credentials') } }],
        }),
      )
    expect(given(wish.object.metadata.name)).toMatchObject({
      migration: { fault: { kind: 'credentials' } },
      credentials: 'Secret postgres (directUrl)',
      migrationTrouble: '',
    })
    expect(given('another').migration).toEqual({ state: 'running', failures: 1 })
  })
})

it('keeps of a pod what it said, and nothing that is no fault of a migration', () => {
  const pod = (message: string) =>
    lastWordsOf(
      projectPod({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        status: { containerStatuses: [{ state: { terminated: { message } } }] },
      }),
    ).migrationFault
  expect(pod(JSON.stringify(fault('credentials')))).toEqual(fault('credentials'))
  expect(pod(JSON.stringify({ ...fault('credentials'), kind: 'fine' }))).toBeUndefined()
  expect(pod('x'.repeat(5_000))).toBeUndefined()
})
