/** Counts and hashes of rows by table and partition: what is compared when a backup is verified. */
import { HASH_SPREAD } from '../../../crds/rowHash.ts'

/** 64-bit numbers as decimal text: JavaScript's numbers cannot hold them. */
export interface RowFigures {
  readonly table: string
  readonly partition: string
  readonly rows: string
  readonly hashSum: string
  readonly hashXor: string
}

const keyOf = ({ table, partition }: RowFigures): string => `${table}/${partition}`

/** @returns one phrase for each partition that differs, sorted; empty when all is equal */
export function differences(
  recorded: readonly RowFigures[],
  found: readonly RowFigures[],
): readonly string[] {
  const byKey = new Map(found.map((figures) => [keyOf(figures), figures]))
  const expected = new Set(recorded.map(keyOf))
  const wrong = recorded.flatMap((figures) => {
    const other = byKey.get(keyOf(figures))
    const where = `partition ${figures.partition} of ${figures.table}`
    if (!other) return [`${where} is missing (${figures.rows} rows)`]
    if (other.rows !== figures.rows) return [`${where} has ${other.rows} rows instead of ${figures.rows}`]
    const same = other.hashSum === figures.hashSum && other.hashXor === figures.hashXor
    return same ? [] : [`${where} has the right number of rows, but other content`]
  })
  const more = found
    .filter((figures) => !expected.has(keyOf(figures)))
    .map((figures) => `partition ${figures.partition} of ${figures.table} was not there`)
  return [...wrong, ...more].sort()
}

export interface Totals {
  readonly rows: number
  readonly partitions: number
  /** 16 hexadecimal digits over all partitions, whatever their order. */
  readonly hash: string
}

export function totals(figures: readonly RowFigures[]): Totals {
  const rows = figures.reduce((sum, { rows: count }) => sum + Number(count), 0)
  const mixed = figures.reduce(
    (sum, { hashSum, hashXor }) => BigInt.asUintN(64, sum + BigInt(hashSum) + BigInt(hashXor) * HASH_SPREAD),
    0n,
  )
  return { rows, partitions: figures.length, hash: mixed.toString(16).padStart(16, '0') }
}
