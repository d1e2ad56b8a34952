import { describe, expect, it } from 'vitest'
import type { ClickhouseSeen, TableSeen } from './clickhouseSeen.ts'
import type { TableMarks } from '../../../../crds/schema/clickhouseEvidence.ts'
import { NOW } from '../../testing/snapshots.ts'
import { acceptedToken, lossOf, marksOf, showsLoss, toldLoss, type MarksOf } from './dataLoss.ts'

const RULE = " TTL event_date + toIntervalDay(90) TO DISK 's3'"
type Rows = Readonly<Record<string, number>>

const events = (rows: Rows, ttl = RULE): TableSeen => ({
  name: 'email_events',
  uuid: 'a',
  partitions: Object.entries(rows).map(([id, count]) => ({ id, rows: count })),
  storagePolicy: 'archive_v1',
  engineFull: `MergeTree ORDER BY a${ttl} SETTINGS index_granularity = 8192`,
  parts: { unaware: 0, due: { parts: 0, bytes: 0 }, cold: { parts: 0, bytes: 0, rows: 0 }, early: 0 },
})

function looking(known: readonly TableMarks[], table: TableSeen | undefined, acceptedLoss?: string): MarksOf {
  const seen: ClickhouseSeen = { reached: true, disks: [], policies: [], tables: table ? [table] : [] }
  return {
    now: NOW,
    sender: {
      status: { evidence: { tables: [...known] } },
      ...(acceptedLoss !== undefined && { acceptedLoss }),
    },
    evidence: { clickhouse: { lookedAt: NOW, seen } },
  }
}

/** What is remembered after looks at these, one after the other. */
const after = (...tables: readonly (TableSeen | undefined)[]): readonly TableMarks[] =>
  tables.reduce<readonly TableMarks[]>((known, table) => marksOf(looking(known, table)), [])

const FULL = events({ 202609: 1_000, 202610: 1_234_567, 202611: 20 })

describe('a loss of rows', () => {
  it.each<{ why: string; then: TableSeen | undefined; says: RegExp }>([
    {
      why: 'the table is gone',
      then: undefined,
      says: /had 1230000 rows in 3 partitions \(202609 to 202611\) and has 0/,
    },
    { why: 'the table was made anew', then: { ...events({}), uuid: 'b' }, says: /and has 0 there/ },
    {
      why: 'a partition is gone',
      then: events({ 202610: 1_234_567, 202611: 20 }),
      says: /had 1000 rows in its partition 202609 and has 0/,
    },
    {
      why: 'a partition has fewer rows',
      then: events({ 202609: 600, 202610: 1_234_567, 202611: 20 }),
      says: /has 600 there/,
    },
  ])('is told with figures when $why', ({ then, says }) => {
    expect(lossOf(looking(after(FULL), then))?.message).toMatch(says)
  })

  it.each<{ why: string; looks: readonly (TableSeen | undefined)[] }>([
    { why: 'rows are only added', looks: [FULL, events({ 202609: 1_000, 202610: 1_300_000, 202611: 900 })] },
    { why: 'there was none yet', looks: [undefined, events({}), undefined] },
    {
      why: 'less than one in a hundred is erased',
      looks: [FULL, events({ 202609: 1_000, 202610: 1_230_001, 202611: 20 })],
    },
    {
      why: 'a rule deletes what is old',
      looks: [
        events({ 202601: 5, 202611: 9 }, ' TTL event_date + toIntervalMonth(3)'),
        events({ 202611: 9 }, ' TTL event_date + toIntervalMonth(3)'),
      ],
    },
  ])('is none when $why', ({ looks }) => {
    expect(lossOf(looking(after(...looks.slice(0, -1)), looks.at(-1)))).toBeUndefined()
  })

  it('is one where a rule that deletes does not reach', () => {
    const ttl = ' TTL event_date + toIntervalMonth(3)'
    expect(lossOf(looking(after(events({ 202611: 9 }, ttl)), events({}, ttl)))).toBeDefined()
  })

  it('is not forgotten when new rows take the place of the old ones', () => {
    const looks = [FULL, events({ 202609: 1_000, 202610: 1_234_567 })]
    const growing = [7, 15, 29, 45, 60, 75].map((rows) =>
      events({ 202609: 1_000, 202610: 1_234_567, 202611: rows }),
    )
    expect(lossOf(looking(after(...looks, ...growing), growing.at(-1)))).toBeDefined()
  })

  it('ends when what was lost is back, beside what came meanwhile', () => {
    const known = after(FULL, undefined, events({ 202611: 7 }))
    expect(lossOf(looking(known, events({ 202609: 1_000, 202610: 1_234_567, 202611: 27 })))).toBeUndefined()
    expect(lossOf(looking(known, events({ 202609: 1_000, 202610: 1_234_567, 202611: 8 })))).toBeDefined()
  })

  it.each(['toIntervalHour(87600)', 'toIntervalMinute(5256000)', 'toIntervalSecond(315360000)'])(
    'is one where a rule that deletes after %s does not reach',
    (age) => {
      const ttl = ` TTL event_date + ${age}`
      expect(lossOf(looking(after(events({ 202611: 9 }, ttl)), events({}, ttl)))).toBeDefined()
    },
  )

  it('is not made up for bit by bit, however small the bits', () => {
    const lost = after(events({ 202610: 1_230_000 }), events({ 202610: 1_221_000 }))
    const growing = [1_224_000, 1_227_000, 1_229_500, 1_230_100].map((rows) => events({ 202610: rows }))
    const known = growing
      .slice(0, -1)
      .reduce<readonly TableMarks[]>((marks, table) => marksOf(looking(marks, table)), lost)
    expect(lossOf(looking(known, growing.at(-1)))).toBeDefined()
  })

  it('has the same token while rows are written, and another when more is gone', () => {
    const tokenOf = (...looks: readonly TableSeen[]) =>
      lossOf(looking(after(FULL, ...looks.slice(0, -1)), looks.at(-1)))?.token
    const [first, second] = [events({ 202611: 20 }), events({ 202611: 29 })]
    expect(tokenOf(first, second)).toBe(tokenOf(first))
    expect(tokenOf(first, events({ 202610: 9, 202611: 20 }))).toBe(tokenOf(first))
    expect(tokenOf(first, events({}))).not.toBe(tokenOf(first))
  })

  it('has another token, and is told with what there was, when more of the same partition is gone', () => {
    const [some, most] = [600, 100].map((rows) => events({ 202609: rows, 202610: 1_234_567, 202611: 20 }))
    const [first, second] = [after(FULL), after(FULL, some)].map((known, index) =>
      lossOf(looking(known, [some, most][index])),
    )
    expect(second?.token).not.toBe(first?.token)
    expect(second?.message).toBe('email_events had 1000 rows in its partition 202609 and has 100 there')
  })

  it('is measured by the most that was ever there', () => {
    const grown = after(events({ 202611: 20 }), events({ 202611: 900 }))
    expect(lossOf(looking(grown, events({ 202611: 500 })))?.message).toMatch(/had 900 rows .* has 500 there/)
  })

  it('is not forgotten, and nothing else is, while ClickHouse is away', () => {
    const known = after(FULL, events({ 202611: 20 }))
    const seen: ClickhouseSeen = { reached: false, fault: { reason: 'Unreachable', message: 'away' } }
    const away = { ...looking(known, FULL), evidence: { clickhouse: { lookedAt: NOW, seen } } }
    expect(marksOf(away)).toEqual(known)
    expect(marksOf({ ...away, evidence: {} })).toEqual(known)
    expect(lossOf(away)).toBeDefined()
  })

  it('is remembered however many partitions there are, before the oldest that are whole', () => {
    const ids = Array.from({ length: 700 }, (_, index) => String(100_000 + index))
    const all = Object.fromEntries(ids.map((id) => [id, 5]))
    const [oldest = '', ...rest] = ids
    const [marks] = after(events(Object.fromEntries(rest.map((id) => [id, 5]))))
    expect(marks?.partitions.map(({ id }) => id)).toEqual(ids.slice(-600))
    const known: TableMarks = { name: 'email_events', uuid: 'a', partitions: [{ id: oldest, rows: 9 }] }
    const [lost] = marksOf(looking([known], events({ ...all, [oldest]: 5 })))
    expect(lost?.partitions.map(({ id }) => id)).toEqual([oldest, ...ids.slice(-599)])
  })

  it('shows in a single look', () => {
    const { sender } = looking(after(FULL), undefined)
    const seen = (table: TableSeen): ClickhouseSeen => {
      return { reached: true, disks: [], policies: [], tables: [table] }
    }
    expect(showsLoss(sender, seen(events({ 202611: 20 })), NOW)).toBe(true)
    expect(showsLoss(sender, seen(FULL), NOW)).toBe(false)
  })

  it('is told with the backup to restore, and the word that accepts it', () => {
    const loss = { token: '0123abcd', message: 'email_events had 9 rows' }
    expect(toldLoss(loss, 'b-1')).toBe(
      'email_events had 9 rows: restore it from b-1 (docs/backup.md), or accept it with the annotation batchsender.io/acceptDataLoss=0123abcd',
    )
    expect(toldLoss(loss, undefined)).toContain('restore it from a backup (')
  })

  it('is not accepted by what accepted another one', () => {
    const { token } = lossOf(looking(after(FULL), undefined)) ?? { token: '' }
    const accepted = acceptedToken(looking(after(FULL), undefined, token))
    expect(accepted).toBe(token)
    const again = looking(after(FULL), undefined, token)
    const later = {
      ...again,
      sender: { ...again.sender, status: { evidence: { tables: [...after(FULL)], acceptedLoss: token } } },
    }
    expect(lossOf(later)).toBeDefined()
    expect(lossOf(later)?.token).not.toBe(token)
    expect(acceptedToken(later)).toBe(token)
  })

  it('ends when a person accepts this one, and no other', () => {
    const known = after(FULL)
    const { token } = lossOf(looking(known, undefined)) ?? { token: '' }
    expect(lossOf(looking(known, undefined, 'another'))).toBeDefined()
    expect(lossOf(looking(known, undefined, token))).toBeUndefined()
    const accepted = marksOf(looking(known, undefined, token))
    expect(lossOf(looking(after(FULL), events({ 202611: 20 }), token))).toBeDefined()
    expect(accepted).toEqual([])
  })

  it('changes nothing that is remembered while nothing changes', () => {
    const lost = after(FULL, events({ 202611: 20 }))
    expect(marksOf(looking(lost, events({ 202611: 20 })))).toEqual(lost)
    expect(marksOf(looking(after(FULL), FULL))).toEqual(after(FULL))
  })
})
