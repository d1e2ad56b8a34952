import { describe, expect, it } from 'vitest'
import type { BackupEvidence } from '../../../../crds/schema/clickhouseEvidence.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { TableSeen } from '../parts/clickhouseSeen.ts'
import type { BackupCheckSeen } from './seen.ts'
import { backupName, baseOf, parseBackupName } from '../../../../crds/backupName.ts'
import { NOW, sender, snapshot } from '../../testing/snapshots.ts'
import { lossOf } from '../parts/dataLoss.ts'
import { brokenBackup, damageOf, holdsRetention, keptBackups, nextKept, shortfallOf } from './standing.ts'

const at = (day: number) => new Date(Date.UTC(2026, 10, day, 2))
const full = (day: number) => backupName(at(day), '00000001')
const increment = (day: number, base: number) => backupName(at(day), '00000002', full(base))

interface Given {
  /** Names on the list, newest first, and how many rows they have. */
  readonly made?: Readonly<Record<string, number>>
  readonly gone?: readonly string[]
  readonly checks?: readonly Partial<BackupCheckSeen>[]
  readonly known?: BackupEvidence
  /** Rows of the table of events now, and before. */
  readonly rows?: number
  readonly had?: number
  readonly ttl?: string
  readonly acceptedLoss?: string
}

const table = (rows: number, ttl: string): TableSeen => ({
  name: 'email_events',
  uuid: 'a',
  partitions: [{ id: '202611', rows }],
  storagePolicy: 'archive_v1',
  engineFull: `MergeTree ORDER BY a${ttl}`,
  parts: { unaware: 0, due: { parts: 0, bytes: 0 }, cold: { parts: 0, bytes: 0, rows: 0 }, early: 0 },
})

function given({
  made = {},
  gone = [],
  checks = [],
  known,
  rows,
  had = 0,
  ttl = '',
  ...more
}: Given): Snapshot {
  const figures = { partitions: 1, hash: '0123456789abcdef', witnessed: true }
  const names = [...Object.keys(made), ...checks.flatMap(({ name }) => name ?? [])]
  const backups = {
    reached: true as const,
    made: Object.entries(made).map(([name, count]) => {
      const cutoff = parseBackupName(name)?.begunAt ?? at(1)
      return { name, cutoff, completedAt: cutoff, sizeBytes: 1, rows: count, ...figures }
    }),
    stored: names.flatMap((name) => [name, baseOf(name) ?? name]).filter((name) => !gone.includes(name)),
    checks: checks.map((check) => ({ name: '', checkedAt: NOW, rows: 10, ...figures, ...check })),
  }
  const tables =
    had === 0 ? [] : [{ name: 'email_events', uuid: 'a', partitions: [{ id: '202611', rows: had }] }]
  const status = { evidence: { tables, ...(known && { backup: known }) } } as Sender['status']
  const clickhouse = { reached: true as const, disks: [], policies: [], tables: [table(rows ?? 0, ttl)] }
  return snapshot({
    sender: sender({ status, ...more }),
    evidence: {
      backups: { lookedAt: NOW, seen: backups },
      ...(rows !== undefined && { clickhouse: { lookedAt: NOW, seen: clickhouse } }),
    },
  })
}

describe('damage', () => {
  const chain = { [increment(9, 8)]: 1, [full(8)]: 1 }

  it.each<{ why: string; of: Given; base: number; says: string }>([
    {
      why: 'the newest increment is gone',
      of: { made: chain, gone: [increment(9, 8)] },
      base: 8,
      says: increment(9, 8),
    },
    { why: 'the full one below it is gone', of: { made: chain, gone: [full(8)] }, base: 8, says: full(8) },
    {
      why: 'the newest builds on an older one that is gone',
      of: { made: { [increment(9, 7)]: 1, [full(8)]: 1, [full(7)]: 1 }, gone: [full(7)] },
      base: 8,
      says: full(7),
    },
    {
      why: 'the newest full one is gone, on which nothing builds yet',
      of: { made: { [increment(9, 7)]: 1, [full(8)]: 1, [full(7)]: 1 }, gone: [full(8)] },
      base: 8,
      says: full(8),
    },
    {
      why: 'no full one is on the list any more',
      of: { made: { [increment(9, 7)]: 1 }, gone: [full(7)] },
      base: 7,
      says: full(7),
    },
  ])('is there when $why', ({ of, base, says }) => {
    expect(damageOf(given(of))).toEqual({
      base: full(base),
      message: `${says} is not at the destination any more`,
    })
  })

  it('is there when an increment of the newest chain cannot be restored, in bounded words', () => {
    const broken = { name: increment(9, 8), error: 'x'.repeat(900) }
    const damage = damageOf(given({ made: chain, checks: [broken] }))
    expect(damage?.base).toBe(full(8))
    expect(damage?.message).toMatch(/ cannot be restored: x+$/)
    expect(damage?.message).toHaveLength(800)
  })

  it.each<{ why: string; of: Given }>([
    { why: 'all is there', of: { made: chain } },
    { why: 'there is none', of: {} },
    {
      why: 'what cannot be restored is of another chain',
      of: { made: chain, checks: [{ name: full(7), error: 'x' }] },
    },
    { why: 'what is gone is none of ours', of: { made: { theirs: 1, ...chain }, gone: ['theirs'] } },
  ])('is none when $why', ({ of }) => {
    expect(damageOf(given(of))).toBeUndefined()
  })
})

it('a restore that the server knows nothing of proves nothing of the backup', () => {
  const checks = [{ name: full(8), witnessed: false }]
  expect(brokenBackup(given({ checks }))).toBe(
    `${full(8)} is noted as restored, of which the server has no record`,
  )
  expect(brokenBackup(given({ checks: [{ name: full(8) }] }))).toBeUndefined()
})

it('retention is told to keep the one that has everything, and the chain that was restored last', () => {
  const kept = { name: full(7), rows: 1 }
  const verified = { name: increment(9, 8), completedAt: '', rows: 1, partitions: 1, hash: '' }
  expect(keptBackups({ kept, verified })).toEqual([full(7), full(8)])
  expect(keptBackups({ kept, verified: { ...verified, name: full(7) } })).toEqual([full(7)])
  expect(keptBackups({})).toEqual([])
})

describe('the full backup that has everything', () => {
  const kept = { name: full(7), rows: 3_001 }
  const DELETING = ' TTL event_date + toIntervalMonth(3)'

  it.each<{ why: string; of: Given; is: BackupEvidence['kept'] }>([
    { why: 'the first', of: { made: { [full(8)]: 5 } }, is: { name: full(8), rows: 5 } },
    {
      why: 'one with more',
      of: { made: { [full(8)]: 4_000 }, known: { kept } },
      is: { name: full(8), rows: 4_000 },
    },
    {
      why: 'one with as many to three digits',
      of: { made: { [full(8)]: 3_000 }, known: { kept } },
      is: { name: full(8), rows: 3_000 },
    },
    { why: 'not one with fewer', of: { made: { [full(8)]: 2_990 }, known: { kept } }, is: kept },
    {
      why: 'not one with fewer beside a table that loses none by age',
      of: { made: { [full(8)]: 5 }, known: { kept }, rows: 9 },
      is: kept,
    },
    {
      why: 'one with fewer where old rows are deleted',
      of: { made: { [full(8)]: 5 }, known: { kept }, rows: 9, ttl: DELETING },
      is: { name: full(8), rows: 5 },
    },
    {
      why: 'not one of after a loss',
      of: { made: { [full(8)]: 4_000 }, known: { kept }, rows: 0, had: 9 },
      is: kept,
    },
  ])('is $why', ({ of, is }) => {
    expect(nextKept(given(of))).toEqual(is)
  })

  it('is any when a person accepts a loss', () => {
    const lost: Given = { made: { [full(8)]: 5 }, known: { kept }, rows: 0, had: 9 }
    const { token } = lossOf(given(lost)) ?? expect.fail()
    expect(nextKept(given({ ...lost, acceptedLoss: token }))).toEqual({ ...kept, rows: 0 })
  })

  it('is accepted with fewer rows once: the next shortfall has another word', () => {
    const tokens = [full(6), full(7)].map(
      (name) => shortfallOf(given({ made: { [full(8)]: 5 }, known: { kept: { ...kept, name } } }))?.token,
    )
    expect(new Set(tokens).size).toBe(2)
  })
})

describe('retention is held', () => {
  const chain = { [full(8)]: 1 }

  it.each<{ why: string; of: Given; is: boolean }>([
    { why: 'nothing is wrong', of: { made: chain, rows: 9, had: 9 }, is: false },
    { why: 'rows are gone', of: { made: chain, rows: 0, had: 9 }, is: true },
    { why: 'the newest chain is damaged', of: { made: chain, gone: [full(8)] }, is: true },
  ])('when $why: $is', ({ of, is }) => {
    expect(holdsRetention(given(of), false)).toBe(is)
    expect(holdsRetention(given(of), true)).toBe(is)
  })

  it('until backups are looked at when it was held before', () => {
    const unseen = { ...given({}), evidence: {} }
    expect([true, false].map((wasHeld) => holdsRetention(unseen, wasHeld))).toEqual([true, false])
  })
})
