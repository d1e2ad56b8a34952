/** Allowances of requests: each client has a budget for each minute, of which all workers take parts in advance. */
import type { AllowanceLedger } from '../http/ports.ts'
import type { Queryable } from './database.ts'

const WINDOW = '1 minute'
const FORGOTTEN_AT_ONCE = 10_000

/**
 * A window begins with a client's first request and is the same for all workers. The parts get smaller towards its end,
 * so that little is left with one worker while another has to refuse.
 */
export function allowanceLedger(database: Queryable): AllowanceLedger {
  return {
    lease: (clients, budget, part) =>
      database.query<{ client: string; granted: number; rest: number; endsInMs: number }>(
        `INSERT INTO request_allowance AS held (client, taken, granted, ends_at)
         SELECT client, LEAST($2::int, $3::int), LEAST($2::int, $3::int), now() + $4::interval
         FROM unnest($1::text[]) AS client ORDER BY client
         ON CONFLICT (client) DO UPDATE SET
           granted = CASE WHEN held.ends_at <= now() THEN EXCLUDED.granted ELSE ${PART} END,
           taken = CASE WHEN held.ends_at <= now() THEN EXCLUDED.taken ELSE held.taken + ${PART} END,
           ends_at = CASE WHEN held.ends_at <= now() THEN EXCLUDED.ends_at ELSE held.ends_at END
         RETURNING client, granted, GREATEST(0, $2::int - taken) AS rest,
           (extract(epoch FROM ends_at - now()) * 1000)::float8 AS "endsInMs"`,
        [clients, budget, part, WINDOW],
      ),
    forgetEnded: async () => {
      await database.query(
        `DELETE FROM request_allowance WHERE client IN (
           SELECT client FROM request_allowance WHERE ends_at < now() LIMIT $1 FOR UPDATE SKIP LOCKED)`,
        [FORGOTTEN_AT_ONCE],
      )
    },
  }
}

const PART = 'LEAST($3::int, (GREATEST(0, $2::int - held.taken) + 3) / 4)'
