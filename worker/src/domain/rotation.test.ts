import { describe, expect, it } from 'vitest'
import { backupName } from '../../../crds/backupName.ts'
import { mayBeNext, nextInTurn, type Checked } from './rotation.ts'

const at = (day: number) => new Date(Date.UTC(2026, 10, day))
const full = (day: number) => backupName(at(day), 'deadbeef')
const increment = (day: number) => backupName(new Date(at(day).getTime() + 3_600_000), 'deadbeef', full(day))

/** Newest first, as they are listed. */
const STORED = [increment(9), full(9), increment(8), full(8), full(7), full(6)]

const check = (name: string, checkedMs: number, failed = false): Checked => ({ name, checkedMs, failed })

describe('the turns of older backups', () => {
  it('take every chain that is kept, by its newest backup, in as many turns as there are chains', () => {
    const checks: Checked[] = []
    const seen = [1, 2, 3, 4].map((turn) => {
      const name = nextInTurn(STORED, checks) ?? ''
      checks.push(check(name, turn))
      return name
    })
    expect(new Set(seen.slice(0, 3))).toEqual(new Set([increment(8), full(7), full(6)]))
    expect(seen[3]).toBe(seen[0])
  })

  it('begin with what failed: it may have been mended', () => {
    const checks = [check(increment(8), 1), check(full(7), 2, true), check(full(6), 3)]
    expect(nextInTurn(STORED, checks)).toBe(full(7))
    expect(nextInTurn(STORED, [...checks, check(full(9), 4, true)])).toBe(full(7))
  })

  it('ask for nothing that is not there', () => {
    expect(nextInTurn([], [])).toBeUndefined()
    expect(nextInTurn([increment(9), full(9)], [])).toBeUndefined()
    expect(nextInTurn([full(9)], [check(full(3), 1, true)])).toBeUndefined()
  })
})

describe('those whose turn may come', () => {
  const earlier = backupName(new Date(at(8).getTime() + 60_000), 'deadbeef', full(8))
  const listed = [increment(9), full(9), increment(8), earlier, full(8), full(7)]

  it('are the newest of each chain, and whatever failed, though another one of its chain was restored since', () => {
    const checks = [check(earlier, 1, true), check(increment(8), 2)]
    const asked = mayBeNext(listed, new Set([full(9), full(8)]), checks)
    expect(asked).toEqual([increment(9), increment(8), earlier])
    expect(nextInTurn([increment(9), ...asked, full(8)], checks)).toBe(earlier)
  })

  it('are none whose base is gone, nor what the list has forgotten', () => {
    const checks = [check(earlier, 1, true), check(increment(6), 1, true)]
    expect(mayBeNext(listed, new Set([full(7), full(6)]), checks)).toEqual([full(7)])
  })
})
