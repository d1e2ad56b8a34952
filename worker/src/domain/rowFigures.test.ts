import { describe, expect, it } from 'vitest'
import type { RowFigures } from './rowFigures.ts'
import { differences, totals } from './rowFigures.ts'

const figures = (more: Partial<RowFigures> = {}): RowFigures => ({
  table: 'email_events',
  partition: '202611',
  rows: '10',
  hashSum: '18446744073709551615',
  hashXor: '9223372036854775808',
  ...more,
})

describe('differences', () => {
  it('are none between equals, in whatever order', () => {
    const other = figures({ partition: '202610' })
    expect(differences([figures(), other], [other, figures()])).toEqual([])
  })

  it.each<{ why: string; found: RowFigures[]; says: string }>([
    { why: 'a missing partition', found: [], says: 'partition 202611 of email_events is missing (10 rows)' },
    {
      why: 'a missing row',
      found: [figures({ rows: '9' })],
      says: 'partition 202611 of email_events has 9 rows instead of 10',
    },
    {
      why: 'other content',
      found: [figures({ hashXor: '1' })],
      says: 'partition 202611 of email_events has the right number of rows, but other content',
    },
    {
      why: 'a partition too many',
      found: [figures(), figures({ partition: '202612' })],
      says: 'partition 202612 of email_events was not there',
    },
  ])('name $why', ({ found, says }) => {
    expect(differences([figures()], found)).toEqual([says])
  })
})

describe('totals', () => {
  it('sum up in 64 bits', () => {
    expect(totals([figures()])).toMatchObject({ rows: 10, partitions: 1 })
    expect(totals([figures()]).hash).toMatch(/^[0-9a-f]{16}$/)
    expect(totals([figures({ hashSum: '1' })]).hash).not.toBe(totals([figures()]).hash)
    expect(totals([])).toEqual({ rows: 0, partitions: 0, hash: '0000000000000000' })
  })
})
