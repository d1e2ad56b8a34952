import { describe, expect, it } from 'vitest'
import type { StoragePolicy } from '../parts/clickhouseSeen.ts'
import { choosePolicy } from './storagePolicy.ts'

const policy = (name: string, ...volumes: readonly (readonly [string, ...string[]])[]): StoragePolicy => ({
  name,
  volumes: volumes.map(([volume, ...disks]) => ({ name: volume, disks })),
})
const standard = policy('default', ['default', 'default'])
const archive = policy('archive_v1', ['default', 'default'], ['cold', 's3'])
const bare = policy('bare', ['cold', 's3'])
const later = policy('archive_v2', ['default', 'default'], ['cold', 's3', 's3b'])

describe('choosePolicy', () => {
  it.each<{ why: string; policies: StoragePolicy[]; named?: string; present?: string; expected: object }>([
    {
      why: 'takes the only one that has the disk and all volumes',
      policies: [standard, archive, bare],
      present: 'default',
      expected: { policy: 'archive_v1' },
    },
    {
      why: 'stays with the present one when it has the disk',
      policies: [standard, archive, later],
      present: 'archive_v1',
      expected: { policy: 'archive_v1' },
    },
    {
      why: 'asks when several fit',
      policies: [standard, archive, later],
      present: 'default',
      expected: { reason: 'PolicyAmbiguous' },
    },
    {
      why: 'takes the one that is named',
      policies: [standard, archive, later],
      named: 'archive_v2',
      present: 'default',
      expected: { policy: 'archive_v2' },
    },
    {
      why: 'says when none has the disk',
      policies: [standard],
      present: 'default',
      expected: { reason: 'PolicyNotFound' },
    },
    {
      why: 'says when the named one is not there',
      policies: [standard],
      named: 'nothing',
      expected: { reason: 'PolicyNotFound' },
    },
    {
      why: 'says when the named one lacks the disk',
      policies: [standard, archive],
      named: 'default',
      expected: { reason: 'PolicyNotFound' },
    },
    {
      why: 'refuses a named one that the server would refuse',
      policies: [standard, archive, bare],
      named: 'bare',
      present: 'default',
      expected: { reason: 'PolicyNotSuperset' },
    },
    {
      why: 'never goes back to fewer disks',
      policies: [standard, archive, later],
      named: 'archive_v1',
      present: 'archive_v2',
      expected: { reason: 'PolicyNotSuperset' },
    },
  ])('$why', ({ policies, named, present, expected }) => {
    const wish = {
      disk: 's3',
      ...(named !== undefined && { named }),
      ...(present !== undefined && { present }),
    }
    expect(choosePolicy(policies, wish)).toMatchObject(expected)
  })
})
