/** Figures in the status: rows of the tables in ClickHouse, and what of them is in the archive. */
import type { Figures } from '../component.ts'
import type { Snapshot } from '../snapshot.ts'
import { DATA_TABLES } from '../../../../crds/clickhouseTables.ts'
import { archiveWish } from '../parts/clickhouse.ts'
import { acceptedToken, marksOf } from '../parts/dataLoss.ts'
import { instantOf } from '../parts/instants.ts'
import { ttlRules } from '../parts/ttlRules.ts'

export function archiveFigures(snapshot: Snapshot): Figures {
  const tables = marksOf(snapshot)
  const acceptedLoss = acceptedToken(snapshot)
  const archive = archived(snapshot)
  return {
    ...(tables.length > 0 && { tables: [...tables] }),
    ...(acceptedLoss !== undefined && { acceptedLoss }),
    ...(archive && { archive }),
  }
}

/** What was seen last stands until ClickHouse was looked at. */
function archived({ sender, evidence }: Snapshot): Figures['archive'] {
  if (!archiveWish(sender)) return undefined
  const seen = evidence.clickhouse?.seen
  if (seen?.reached !== true) return sender.status.evidence?.archive
  const names: readonly string[] = DATA_TABLES
  return seen.tables
    .filter(({ name }) => names.includes(name))
    .map(({ name, storagePolicy, engineFull, parts: { cold, due } }) => ({
      name,
      storagePolicy,
      ...ruleText(engineFull),
      partsCold: cold.parts,
      bytesCold: cold.bytes,
      rowsCold: cold.rows,
      partsDue: due.parts,
      bytesDue: due.bytes,
      ...(due.since && { dueSince: instantOf(due.since) }),
    }))
}

function ruleText(engineFull: string): { rule?: string } {
  const rules = ttlRules(engineFull)
  return rules.length === 0 ? {} : { rule: rules.join(', ').slice(0, 1024) }
}
