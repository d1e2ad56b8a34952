/** Rows that were there and are not: judged by the most that was ever seen of each partition. Pure. */
import type { Sender, Snapshot } from '../snapshot.ts'
import type { ClickhouseSeen, TableSeen } from './clickhouseSeen.ts'
import type { TableMarks } from '../../../../crds/schema/clickhouseEvidence.ts'
import { ANNOTATIONS } from '../../../../crds/schema/conditions.ts'
import { DATA_TABLES } from '../../../../crds/clickhouseTables.ts'
import { explains } from './deletingRules.ts'
import { templateHash } from './templateHash.ts'

type Mark = TableMarks['partitions'][number]

export interface Loss {
  /** What a person writes to accept it: another one as soon as more is missing, and after a loss was accepted. */
  readonly token: string
  /** One phrase for each table, with figures. */
  readonly message: string
}

/** What is to be remembered of the tables after this look. */
export function marksOf({ sender, evidence, now }: MarksOf): readonly TableMarks[] {
  const known = sender.status.evidence?.tables ?? []
  const seen = evidence.clickhouse?.seen
  if (seen?.reached !== true) return known
  const next = nextMarks(known, seen, now)
  return isAcceptedBy(sender, next) ? nextMarks([], seen, now) : next
}

/** The token of the loss that was accepted last: it accepts no other one. */
export function acceptedToken(snapshot: MarksOf): string | undefined {
  const { acceptedLoss, status } = snapshot.sender
  return isAccepted(snapshot) ? acceptedLoss : status.evidence?.acceptedLoss
}

/** Whether a person accepts the loss that this look shows: from then on there is none. */
export function isAccepted({ sender, evidence, now }: MarksOf): boolean {
  const seen = evidence.clickhouse?.seen
  const known = sender.status.evidence?.tables ?? []
  return seen?.reached === true && isAcceptedBy(sender, nextMarks(known, seen, now))
}

function isAcceptedBy({ acceptedLoss, status }: MarksOf['sender'], marks: readonly TableMarks[]): boolean {
  return acceptedLoss !== undefined && lossIn(marks, status.evidence?.acceptedLoss)?.token === acceptedLoss
}

export type MarksOf = Pick<Snapshot, 'evidence' | 'now'> & {
  readonly sender: Pick<Sender, 'status' | 'acceptedLoss'>
}

/** `undefined` while everything is there that was. */
export function lossOf(snapshot: MarksOf): Loss | undefined {
  return lossIn(marksOf(snapshot), snapshot.sender.status.evidence?.acceptedLoss)
}

/** Whether a look shows less than is remembered: one look may be mistaken. */
export function showsLoss(sender: MarksOf['sender'], seen: ClickhouseSeen, now: Date): boolean {
  return lossOf({ sender, evidence: { clickhouse: { seen, lookedAt: now } }, now }) !== undefined
}

/** Sentence for conditions and checks. */
export function toldLoss({ message, token }: Loss, backup: string | undefined): string {
  return `${message}: restore it from ${backup ?? 'a backup'} (docs/backup.md), or accept it with the annotation ${ANNOTATIONS.acceptDataLoss}=${token}`
}

function nextMarks(known: readonly TableMarks[], seen: Reached, now: Date): readonly TableMarks[] {
  return DATA_TABLES.flatMap((name) => {
    const last = known.find((table) => table.name === name)
    const table = seen.tables.find((candidate) => candidate.name === name)
    if (!table && !last) return []
    const partitions = marksOfTable(last?.partitions ?? [], table, now)
    const uuid = table?.uuid ?? last?.uuid ?? ''
    return partitions.length > 0 ? [{ name, uuid, partitions }] : []
  })
}

type Reached = ClickhouseSeen & { readonly reached: true }

/** The schema has room for so many. */
const MOST_PARTITIONS = 600

function marksOfTable(known: readonly Mark[], table: TableSeen | undefined, now: Date): Mark[] {
  const rowsOf = new Map(table?.partitions.map(({ id, rows }) => [id, rows]))
  const ids = [...new Set([...known.map(({ id }) => id), ...rowsOf.keys()])].sort().reverse()
  const marks = ids.flatMap((id): Mark[] => {
    const mark = known.find((candidate) => candidate.id === id)
    const rows = rowsOf.get(id) ?? 0
    const next =
      mark === undefined || (table && explains(table.engineFull, id, now))
        ? { id, rows: threeDigits(rows) }
        : nextMark(mark, rows)
    return next.rows === 0 ? [] : [next]
  })
  const lost = marks.filter(isLost)
  return [...lost, ...marks.filter((mark) => !isLost(mark))]
    .slice(0, MOST_PARTITIONS)
    .sort((left, right) => (left.id < right.id ? -1 : 1))
}

/**
 * What is missing comes back at one go, by a restore; what is written meanwhile comes bit by bit, and must not hide that
 * something is missing.
 */
function nextMark({ id, rows: most, left }: Mark, rows: number): Mark {
  if (left === undefined)
    return rows < most ? { id, rows: most, left: rows } : { id, rows: Math.max(most, threeDigits(rows)) }
  const more = rows - left
  if (more >= most - left) return { id, rows: threeDigits(rows) }
  return { id, rows: most + Math.max(0, more), left: rows }
}

const isLost = ({ left }: Mark): boolean => left !== undefined

/** 1,234,567 → 1,230,000: a table that grows is not a status that changes with every row. */
export function threeDigits(rows: number): number {
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, rows))) - 2)
  return Math.floor(rows / scale) * scale
}

function lossIn(tables: readonly TableMarks[], acceptedBefore: string | undefined): Loss | undefined {
  const lost = tables
    .map(({ name, partitions }) => ({ name, partitions: partitions.filter(isLost) }))
    .filter(({ partitions }) => partitions.length > 0)
  if (lost.length === 0) return undefined
  // Both figures move with what is written meanwhile, and their difference does not.
  const missing = lost.map(({ name, partitions }) => [
    name,
    ...partitions.map(({ id, rows, left = 0 }) => [id, rows - left]),
  ])
  return {
    token: templateHash({ missing, acceptedBefore }).slice(0, 8),
    message: lost.map(toldTable).join('; '),
  }
}

function toldTable({ name, partitions }: Pick<TableMarks, 'name' | 'partitions'>): string {
  const sum = (figure: (mark: Mark) => number) => partitions.reduce((total, mark) => total + figure(mark), 0)
  const had = threeDigits(sum(({ rows }) => rows))
  const left = threeDigits(sum(({ left = 0 }) => left))
  const [first, last] = [partitions[0]?.id ?? '', partitions.at(-1)?.id ?? '']
  const where =
    partitions.length === 1
      ? `its partition ${first}`
      : `${partitions.length} partitions (${first} to ${last})`
  return `${name} had ${had} rows in ${where} and has ${left} there`
}
