/**
 * The suppression list: folded addresses that nothing is sent to, by any batch, until they are lifted. Beside some stands
 * a row with the spelling, for workers older than version 8 of the schema: nobody here reads those.
 */
import type { NewSuppression, Suppression } from '../domain/suppression.ts'
import type { SuppressionPage, SuppressionStore } from '../http/ports.ts'
import type { Database, Queryable } from './database.ts'
import { recordAudit } from './audit.ts'
import { SUPPRESSION_REASONS } from '../domain/suppression.ts'
import { FOLDED, isSpelling } from './folding.ts'

type Row = Suppression & Record<string, unknown>

const COLUMNS = 'address_norm AS "addressNorm", reason, detail, created_at AS "createdAt"'
const DETAIL_CHARACTERS = 500

/**
 * Repeating it changes nothing; of several reasons for one address the strongest stays, with its detail.
 * @returns the addresses that were not on the list, or for a weaker reason.
 */
export async function suppress(
  queryable: Queryable,
  suppressions: readonly NewSuppression[],
): Promise<readonly string[]> {
  const entries = suppressions.flatMap(rowsOf)
  const rows = await queryable.query<{ address: string }>(
    `INSERT INTO suppression (address_norm, reason, detail)
     SELECT DISTINCT ON (address_norm) address_norm, reason, detail
     FROM unnest($1::text[], $2::text[], $3::text[]) AS given (address_norm, reason, detail)
     ORDER BY address_norm, array_position($4::text[], reason) DESC
     ON CONFLICT (address_norm) DO UPDATE SET reason = EXCLUDED.reason, detail = EXCLUDED.detail
     WHERE array_position($4::text[], EXCLUDED.reason) > array_position($4::text[], suppression.reason)
     RETURNING address_norm AS address`,
    [
      entries.map(({ addressNorm }) => addressNorm),
      entries.map(({ reason }) => reason),
      entries.map(({ detail = '' }) =>
        detail.slice(0, DETAIL_CHARACTERS).toWellFormed().replaceAll('\0', ''),
      ),
      SUPPRESSION_REASONS,
    ],
  )
  const folded = new Set(suppressions.map(({ addressNorm }) => addressNorm))
  return rows.map(({ address }) => address).filter((address) => folded.has(address))
}

const rowsOf = (entry: NewSuppression): readonly NewSuppression[] =>
  entry.spelled === undefined || entry.spelled === entry.addressNorm
    ? [entry]
    : [entry, { ...entry, addressNorm: entry.spelled }]

export async function findSuppression(
  queryable: Queryable,
  addressNorm: string,
): Promise<Suppression | undefined> {
  const [found] = await queryable.query<Row>(`SELECT ${COLUMNS} FROM suppression WHERE address_norm = $1`, [
    addressNorm,
  ])
  return found
}

/** In the order of addresses. */
export function listSuppressions(
  queryable: Queryable,
  page: SuppressionPage,
): Promise<readonly Suppression[]> {
  const { text, values } = suppressionsStatement(page)
  return queryable.query<Row>(text, values)
}

/**
 * A statement for each filter, and the columns of its index compared and ordered by together: a plan that is made for
 * any reason would take the addresses alone for good enough, and read the whole list for one that is rare.
 */
export function suppressionsStatement({ reason, afterAddress, limit }: SuppressionPage) {
  const of =
    reason === undefined
      ? 'address_norm > $2 ORDER BY address_norm'
      : '(reason, address_norm) > ($3, $2) AND reason <= $3 ORDER BY reason, address_norm'
  const text = `SELECT ${COLUMNS} FROM suppression WHERE NOT ${isSpelling('address_norm')} AND ${of} LIMIT $1`
  return { text, values: [limit, afterAddress, ...(reason === undefined ? [] : [reason])] }
}

/** @returns what was lifted; undefined when the address was not on the list. */
export async function liftSuppression(
  queryable: Queryable,
  addressNorm: string,
): Promise<Suppression | undefined> {
  const lifted = await queryable.query<Row>(
    `DELETE FROM suppression WHERE address_norm = $1
       OR (${isSpelling('address_norm')} AND ${FOLDED('address_norm')} = $1)
     RETURNING ${COLUMNS}`,
    [addressNorm],
  )
  return lifted.find((row) => row.addressNorm === addressNorm)
}

/** The list as the API sees it. @param reads what is read through for those who ask */
export function suppressionStore(database: Database, reads: Queryable = database): SuppressionStore {
  return {
    find: (addressNorm) => findSuppression(reads, addressNorm),
    list: (page) => listSuppressions(reads, page),
    lift: (addressNorm, auditOf) =>
      database.transaction(async (transaction) => {
        const lifted = await liftSuppression(transaction, addressNorm)
        if (lifted) await recordAudit(transaction, [auditOf(lifted)])
        return lifted
      }),
    add: async (entry, audit) => {
      await database.transaction(async (transaction) => {
        const changed = await suppress(transaction, [entry])
        if (changed.length > 0) await recordAudit(transaction, [audit])
      })
      const present = await findSuppression(database, entry.addressNorm)
      // Lifted by somebody else in between: what was asked for held for a moment.
      return present ?? { detail: '', ...entry, createdAt: new Date() }
    },
  }
}
