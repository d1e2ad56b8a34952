import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredBackup } from './backupChains.ts'
import { retention } from './backupChains.ts'
import { backupName, parseBackupName } from '../../../crds/backupName.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const HOUR_MS = 3_600_000

function stored(hoursAgo: number, mark: string, base?: string, isComplete = true): StoredBackup {
  const name = backupName(new Date(NOW.getTime() - hoursAgo * HOUR_MS), mark.padStart(8, '0'), base)
  const parsed = parseBackupName(name)
  if (!parsed) throw new Error(name)
  return { ...parsed, isComplete }
}

const named = (backups: readonly StoredBackup[]) => backups.map(({ name }) => name)

describe('the name of a backup', () => {
  it.each([undefined, '2026-11-23T02-00-00Z-full-0123abcd'])('is read back (base: %s)', (base) => {
    const name = backupName(NOW, 'deadbeef', base)
    expect(parseBackupName(name)).toEqual({
      name,
      kind: base === undefined ? 'full' : 'incremental',
      begunAt: NOW,
      ...(base !== undefined && { base }),
    })
  })

  it.each([
    '',
    'somebody',
    '2026-11-23T02-00-00Z-full-xyz',
    '2026-11-23T02-00-00Z-incremental-0123abcd-on-x',
  ])('is not "%s"', (name) => {
    expect(parseBackupName(name)).toBeUndefined()
  })
})

describe('retention', () => {
  const old = stored(72, 'a')
  const oldIncrement = stored(71, 'b', old.name)
  const middle = stored(48, 'c')
  const newest = stored(24, 'd')
  const increment = stored(23, 'e', newest.name)

  it('removes whole chains, increments before their base', () => {
    expect(retention([newest, increment, old, oldIncrement, middle], { fullBackups: 2 }, NOW)).toEqual({
      keep: named([newest, increment, middle]),
      remove: named([oldIncrement, old]),
      leftovers: [],
    })
  })

  it('removes nothing while there are not more full backups than are wanted', () => {
    expect(retention([old, oldIncrement, newest], { fullBackups: 2 }, NOW).remove).toEqual([])
  })

  it('removes increments that lost their base, once they are older than all that is kept', () => {
    const orphan = stored(1, '9', old.name)
    expect(retention([newest, middle, oldIncrement, orphan], { fullBackups: 2 }, NOW).remove).toEqual(
      named([oldIncrement]),
    )
    expect(retention([newest, oldIncrement], { fullBackups: 2 }, NOW).remove).toEqual([])
  })

  it('keeps what is named, with its increments, whatever is newer', () => {
    const plan = retention(
      [newest, increment, old, oldIncrement, middle],
      { fullBackups: 1, keep: [old.name] },
      NOW,
    )
    expect(plan.keep).toEqual(named([newest, increment, old, oldIncrement]))
    expect(plan.remove).toEqual(named([middle]))
  })

  it('leaves an unfinished one alone until nobody can be at it any more', () => {
    const fresh = stored(1, 'f', undefined, false)
    const dead = stored(30, '0', undefined, false)
    expect(retention([newest, fresh, dead], { fullBackups: 1 }, NOW)).toEqual({
      keep: named([newest]),
      remove: [],
      leftovers: named([dead]),
    })
  })

  it('leaves one that is to be kept alone, whatever became of its manifest', () => {
    const dead = stored(30, '0', undefined, false)
    const plan = retention([newest, dead], { fullBackups: 1, keep: [dead.name] }, NOW)
    expect(plan.leftovers).toEqual([])
  })

  it('never removes a base of a kept increment, nor keeps an increment without its base', () => {
    const mark = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))
    const fulls = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 900 }), mark), {
      minLength: 1,
      maxLength: 8,
      selector: ([hours]) => hours,
    })
    fc.assert(
      fc.property(
        fulls,
        fc.array(fc.nat(7), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        (made, on, keep) => {
          const bases = made.map(([hours, which]) => stored(hours, which))
          const increments = on.flatMap((index, position) => {
            const base = bases[index]
            return base ? [stored(0.5, position.toString(16), base.name)] : []
          })
          const plan = retention([...increments, ...bases], { fullBackups: keep }, NOW)
          const kept = new Set(plan.keep)
          expect(bases.filter(({ name }) => kept.has(name))).toHaveLength(Math.min(keep, bases.length))
          for (const { name, base } of increments) expect(kept.has(name)).toBe(kept.has(base ?? ''))
          expect(plan.keep.length + plan.remove.length).toBe(bases.length + increments.length)
          for (const { name, base } of increments)
            if (!kept.has(name))
              expect(plan.remove.indexOf(name)).toBeLessThan(plan.remove.indexOf(base ?? ''))
        },
      ),
    )
  })
})
