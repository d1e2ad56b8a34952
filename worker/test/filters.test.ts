/** Lists by their filters over a long history: each through an index, also where the plan is made for any value. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LedgerRig } from './ledgerRig.ts'
import { AUDIT_ACTIONS } from '../src/domain/audit.ts'
import { auditStatement, listAudit } from '../src/store/audit.ts'
import { batchesStatement } from '../src/store/batchList.ts'
import { suppressionsStatement } from '../src/store/suppressions.ts'
import { startLedgerRig } from './ledgerRig.ts'

const DAYS = 80
let rig: LedgerRig
const RARE = AUDIT_ACTIONS[1]
const COMMON = AUDIT_ACTIONS[0]

beforeAll(async () => {
  rig = await startLedgerRig(1_000)
  const { database } = rig
  await database.query(
    `INSERT INTO audit (at, action, user_id, resource, metadata, ip, user_agent)
     SELECT now() - make_interval(secs => (200000 - n) * $3::float8 * 86400 / 200000), CASE WHEN n % 50000 = 7 THEN $1 ELSE $2 END,
       'user' || n % 50, '', '{}', '', ''
     FROM generate_series(1, 200000) AS n ORDER BY n`,
    [RARE, COMMON, DAYS],
  )
  await database.query(
    `INSERT INTO suppression (address_norm, reason)
     SELECT 'a' || n || '@example.org', CASE WHEN n % 50000 = 7 THEN 'manual' ELSE 'bounce' END
     FROM generate_series(1, 200000) AS n`,
  )
  await database.query(
    `INSERT INTO batch (id, user_id, state, sender, subject, recipients, duplicates, created_at)
     SELECT gen_random_uuid(), 'u', CASE WHEN n % 10000 = 7 THEN 'failed' ELSE 'completed' END, 's', 's', 1, 0,
       now() - make_interval(secs => n) FROM generate_series(1, 50000) AS n`,
  )
  for (const table of ['audit', 'suppression', 'batch']) await database.query(`VACUUM ANALYZE ${table}`)
})
afterAll(() => rig.stop())

interface Node {
  readonly 'Node Type': string
  readonly 'Actual Rows': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Node[]
}

const nodes = (node: Node): readonly Node[] => [node, ...(node.Plans ?? []).flatMap(nodes)]

const literal = (value: unknown): string =>
  typeof value === 'number'
    ? String(value)
    : `'${value instanceof Date ? value.toISOString() : String(value)}'`

/** As the statement runs once it has been planned for whatever it is asked. */
function planOf({ text, values }: { readonly text: string; readonly values: readonly unknown[] }) {
  return rig.database.transaction(async (transaction) => {
    await transaction.query('SET LOCAL plan_cache_mode = force_generic_plan')
    await transaction.query(`PREPARE looked AS ${text}`)
    const [row] = await transaction.query<{ 'QUERY PLAN': readonly { readonly Plan: Node }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE looked (${values.map(literal).join(', ')})`,
    )
    await transaction.query('DEALLOCATE looked')
    const plan = row?.['QUERY PLAN'][0]?.Plan
    if (plan === undefined) throw new Error('no plan')
    return nodes(plan)
  })
}

const ago = (days: number) => new Date(Date.now() - days * 86_400_000)
const audit = (filter: Partial<Parameters<typeof auditStatement>[0]>) =>
  auditStatement({
    action: undefined,
    userId: undefined,
    from: undefined,
    to: undefined,
    before: undefined,
    limit: 101,
    ...filter,
  })

test.each([
  ['the audit log by a rare action', () => audit({ action: RARE })],
  ['the audit log by a common action', () => audit({ action: COMMON })],
  ['the audit log by a user', () => audit({ userId: 'user7' })],
  ['a later page of a common action', () => audit({ action: COMMON, before: '1000' })],
  ['the audit log by a user and an action', () => audit({ userId: 'user7', action: COMMON })],
  ['the audit log of a user until long ago', () => audit({ userId: 'user7', to: ago(DAYS - 1) })],
  ['the audit log until long ago', () => audit({ to: ago(DAYS - 1) })],
  ['the audit log of one day long ago', () => audit({ from: ago(DAYS - 1), to: ago(DAYS - 2) })],
  ['the audit log since yesterday', () => audit({ from: ago(1) })],
  ['a later page of the audit log', () => audit({ before: '1000' })],
  [
    'the suppression list by a rare reason',
    () => suppressionsStatement({ reason: 'manual', afterAddress: '', limit: 101 }),
  ],
  [
    'the suppression list from the middle',
    () => suppressionsStatement({ reason: undefined, afterAddress: 'a5', limit: 101 }),
  ],
  [
    'a later page of a common reason',
    () => suppressionsStatement({ reason: 'bounce', afterAddress: 'a5', limit: 101 }),
  ],
  ['batches by a rare state', () => batchesStatement({ state: 'failed', after: undefined, limit: 101 })],
  [
    'a later page of finished batches',
    () =>
      batchesStatement({
        state: 'completed',
        after: {
          createdMicros: String((Date.now() - 40_000_000) * 1_000),
          id: '00000000-0000-4000-8000-000000000000',
        },
        limit: 101,
      }),
  ],
])('%s is read through an index, and little beside it', async (_what, statement) => {
  const plan = await planOf(statement())
  expect(plan.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([])
  // With its slack a day is more than what it is asked for, and a history is a thousand times that.
  const read = plan.map((node) => node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0))
  expect(Math.max(...read)).toBeLessThan(3_000)
})

test('the range of ids leaves out nobody whom the instants let in', async () => {
  const [from, to] = [ago(DAYS - 1), ago(DAYS - 1.2)]
  const page = { action: undefined, userId: undefined, before: undefined, limit: 10_000 }
  const listed = await listAudit(rig.database, { ...page, from, to })
  const expected = await rig.database.query<{ id: string }>(
    'SELECT id FROM audit WHERE at >= $1 AND at < $2 ORDER BY id DESC',
    [from, to],
  )
  expect(expected.length).toBeGreaterThan(100)
  expect(listed.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
})
