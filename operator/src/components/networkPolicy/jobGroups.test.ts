import { expect, test } from 'vitest'
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import { JOB_NAMES } from '../../../../crds/jobs/index.ts'
import { FULL } from '../../testing/fullSpec.ts'
import { SPEC } from '../../testing/snapshots.ts'
import { destinationsOf } from './destinations.ts'
import { JOB_GROUPS, jobGroupsOf } from './jobGroups.ts'

test('every Job is in one group, with those that reach what it reaches', () => {
  expect(JOB_GROUPS.flatMap(({ jobs }) => jobs).sort()).toEqual([...JOB_NAMES].sort())
  for (const { name, jobs } of JOB_GROUPS)
    for (const job of jobs) expect(destinationsOf(job)).toEqual(destinationsOf(name))
  expect(JOB_GROUPS.map(({ name }) => name)).toEqual(['backup', 'retention'])
})

test('no Job is one that reaches nothing', () => {
  for (const job of JOB_NAMES) expect(destinationsOf(job)).not.toEqual([])
})

test('a BatchSender has the groups of the Jobs that it asks for', () => {
  const names = (spec: BatchSenderSpec) => jobGroupsOf({ spec }).map(({ name }) => name)
  expect(names(SPEC)).toEqual([])
  expect(names(FULL)).toEqual(['backup'])
  const { clickhouse } = FULL
  const backup = { destination: { namedCollection: 'b' }, retention: {} }
  expect(names({ ...FULL, clickhouse: { ...clickhouse, backup } })).toEqual(['backup', 'retention'])
})
