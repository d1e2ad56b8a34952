import { expect, it } from 'vitest'
import type { TableSeen } from '../components/parts/clickhouseSeen.ts'
import { marksOf } from '../components/parts/dataLoss.ts'
import { FULL } from '../testing/fullSpec.ts'
import { backupsSeen } from '../testing/modelBackups.ts'
import { NOW, sender, snapshot } from '../testing/snapshots.ts'
import { backupFresh } from './backupFresh.ts'

const events = (rows: number): TableSeen => ({
  name: 'email_events',
  uuid: 'a',
  partitions: rows === 0 ? [] : [{ id: '202611', rows }],
  storagePolicy: 'archive_v1',
  engineFull: 'MergeTree ORDER BY a',
  parts: { unaware: 0, due: { parts: 0, bytes: 0 }, cold: { parts: 0, bytes: 0, rows: 0 }, early: 0 },
})

const looking = (rows: number, more: Partial<Parameters<typeof sender>[0]> = {}) =>
  snapshot({
    sender: sender({ spec: { ...FULL, objectives: { rpo: '1m' } }, ...more }),
    evidence: {
      backups: { lookedAt: NOW, seen: backupsSeen(NOW) },
      clickhouse: {
        lookedAt: NOW,
        seen: { reached: true, disks: [], policies: [], tables: [events(rows)] },
      },
    },
  })

it('tells of schedules that cannot keep the objective', () => {
  const { state, message } = backupFresh.prove(looking(1_000))
  expect(state).toBe('Failing')
  expect(message).toMatch(/^the schedules leave up to 10 minutes between backups, spec.objectives.rpo is 1m/)
})

it('tells first of what is lost: a schedule can wait', () => {
  const tables = [...marksOf(looking(1_000))]
  const { state, message } = backupFresh.prove(looking(0, { status: { evidence: { tables } } }))
  expect(state).toBe('Failing')
  expect(message).toMatch(/email_events had 1000 rows .* and has 0 there/)
})
