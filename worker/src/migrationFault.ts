/** What may be told of a migration that failed. */
import { DatabaseError } from 'pg'
import type { MigrationFault } from '../../crds/migrationFault.ts'
import { MOST_FAULT_CHARACTERS } from '../../crds/migrationFault.ts'
import { kindOf } from './domain/outage.ts'
import { firstLine } from '../../crds/firstLine.ts'

/** Class 28, invalid authorization specification (PostgreSQL, appendix A). */
const OF_CREDENTIALS = '28'

/** The server's own first line; the driver's words may repeat what is in the address, and are not told. */
export function migrationFault(error: unknown): MigrationFault {
  const job = 'migration'
  if (!(error instanceof DatabaseError)) return { job, kind: 'failed', error: kindOf(error) }
  const kind = (error.code ?? '').startsWith(OF_CREDENTIALS) ? 'credentials' : 'refused'
  return {
    job,
    kind,
    error: firstLine(error.message).slice(0, MOST_FAULT_CHARACTERS).toWellFormed() || 'refused',
  }
}
